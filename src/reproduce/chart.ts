import type { Estimate } from '../evaluation/statistics.ts';
import { tInterval } from '../evaluation/student.ts';
import { type ArmResult, course } from './results.ts';

/** A measure over training steps. */
export interface Chart {
  title: string;
  lines: { label: string; points: { step: number; estimate: Estimate }[] }[];
}

/**
 * Curves of a measure, a line for each arm: mean and 95% t-interval over seeds at each step that all its runs have.
 * @param start the value before training, that all arms share
 */
export function chartOf(
  title: string,
  measure: string,
  arms: readonly ArmResult[],
  start?: number,
): Chart | undefined {
  const first =
    start === undefined ? [] : [{ step: 0, estimate: { value: start, low: start, high: start, count: 1 } }];
  const lines = arms.flatMap(({ arm, cells }) => {
    const courses = cells.map((cell) => course(cell, measure).filter(({ step }) => step > 0));
    const steps = (courses[0] ?? []).map(({ step }) => step);
    const points = steps.flatMap((step) => {
      const values = courses.flatMap((points) => points.find((point) => point.step === step)?.value ?? []);
      return values.length === courses.length ? [{ step, estimate: tInterval(values) }] : [];
    });
    return points.length > 1 ? [{ label: arm.label, points: [...first, ...points] }] : [];
  });
  return lines.length > 0 ? { title, lines } : undefined;
}

const WIDTH = 520;
const HEIGHT = 260;
const LEFT = 44;
const BOTTOM = 34;
const TOP = 10;
const RIGHT = 10;

/** Colours that people with colour vision deficiencies tell apart (Okabe and Ito), the darker ones first. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/** A round step for about four ticks over a range. */
function tickStep(range: number): number {
  const rough = range / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

const round = (value: number) => Math.round(value * 10) / 10;

/** The chart as SVG, its axes in the colour of the text around it. */
export function chartSvg({ title, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const bounds = points.flatMap(({ estimate: { value, low, high } }) =>
    Number.isFinite(low) ? [low, high] : [value],
  );
  const tick = tickStep(Math.max(...bounds) - Math.min(...bounds) || 1);
  const low = Math.floor(Math.min(...bounds) / tick) * tick;
  const high = Math.ceil(Math.max(...bounds) / tick) * tick;
  const last = Math.max(...points.map(({ step }) => step));
  const x = (step: number) => round(LEFT + (step / last) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => round(TOP + ((high - value) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM));
  const ticks = Array.from({ length: Math.round((high - low) / tick) + 1 }, (_, i) => low + i * tick);
  const grid = ticks.map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" class="grid"/>` +
      `<text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${Number(value.toPrecision(6))}</text>`,
  );
  const steps = lines[0]!.points.map(
    ({ step }) => `<text x="${x(step)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${step}</text>`,
  );
  const drawn = lines.map(({ label, points: own }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = own.map(({ step, estimate }) => `${x(step)},${y(estimate.value)}`).join(' ');
    const edge = (side: 'low' | 'high') => own.map(({ step, estimate }) => `${x(step)},${y(estimate[side])}`);
    const band = own.every(({ estimate }) => Number.isFinite(estimate.low))
      ? `<polygon points="${[...edge('high'), ...edge('low').reverse()].join(' ')}" fill="${colour}" opacity="0.13"/>`
      : '';
    return `${band}<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/><g>${own
      .map(
        ({ step, estimate }) =>
          `<circle cx="${x(step)}" cy="${y(estimate.value)}" r="3" fill="${colour}"><title>${escapeXml(label)}, step ${step}: ${estimate.value.toFixed(3)}</title></circle>`,
      )
      .join('')}</g>`;
  });
  const legend = lines.map(
    ({ label }, i) =>
      `<span><i style="background:${COLOURS[i % COLOURS.length]}"></i>${escapeXml(label)}</span>`,
  );
  return (
    `<figure><figcaption>${escapeXml(title)}</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(title)}">${grid.join('')}${steps.join('')}` +
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 2}" text-anchor="middle">step</text>${drawn.join('')}</svg>` +
    `<div class="legend">${legend.join('')}</div></figure>`
  );
}

/** Text for XML and HTML. */
export function escapeXml(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
