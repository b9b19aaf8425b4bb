import type { StepMetrics } from '../../runs/events.ts';
import type { NamedEvaluation } from '../state/run.ts';
import type { View } from '../state/view.ts';
import type { CurveSpec } from './specs.ts';

/** One line of a chart with what stands around it. */
export interface Line {
  xs: number[];
  ys: number[];
  /** Edges of the band around the line, where it has one. */
  low?: number[];
  high?: number[];
  /** The step of each point. */
  steps: number[];
}

/** What a curve is made of. */
export interface CurveSource {
  metrics: readonly StepMetrics[];
  evaluations: readonly NamedEvaluation[];
}

/**
 * Running average with bias correction: `smooth` is the weight of the past. A gap stays a gap.
 * @param smooth 0 (the values themselves) to below 1
 */
export function smoothed(values: readonly number[], smooth: number): number[] {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = smooth * sum + (1 - smooth) * value;
    weight = smooth * weight + (1 - smooth);
    return sum / weight;
  });
}

/** Where each step lies on the horizontal axis: its number, the tokens trained on so far, or the seconds so far. */
export function positions(metrics: readonly StepMetrics[], x: View['x']): Map<number, number> {
  let seconds = 0;
  let tokens = 0;
  const places = new Map<number, number>([[0, 0]]);
  for (const row of metrics) {
    seconds += row.step_time ?? 0;
    tokens = row.num_tokens ?? tokens;
    places.set(row.step, x === 'step' ? row.step : x === 'tokens' ? tokens : seconds);
  }
  return places;
}

/** The line of one name of a chart; empty when the run has no such values. */
export function lineOf(
  spec: CurveSpec,
  name: string,
  source: CurveSource,
  view: Pick<View, 'x' | 'smooth'>,
): Line {
  const places = positions(source.metrics, view.x);
  return spec.kind === 'measure'
    ? measureLine(name, source.evaluations, places)
    : metricLine(name, spec.spread, source.metrics, places, view.smooth);
}

function measureLine(
  name: string,
  evaluations: readonly NamedEvaluation[],
  places: Map<number, number>,
): Line {
  const line = {
    xs: [] as number[],
    ys: [] as number[],
    low: [] as number[],
    high: [] as number[],
    steps: [] as number[],
  };
  for (const { step, measures } of [...evaluations].sort((a, b) => a.step - b.step)) {
    const estimate = measures[name];
    const x = places.get(step);
    // The last evaluation repeats the step of the one before it: the later, larger one counts.
    if (!estimate || x === undefined) continue;
    const at = line.xs.at(-1) === x ? line.xs.length - 1 : line.xs.length;
    line.xs[at] = x;
    line.ys[at] = estimate.value;
    line.low[at] = estimate.low;
    line.high[at] = estimate.high;
    line.steps[at] = step;
  }
  return line;
}

function metricLine(
  name: string,
  spread: string | undefined,
  metrics: readonly StepMetrics[],
  places: Map<number, number>,
  smooth: number,
): Line {
  const rows = metrics.filter((row) => Number.isFinite(row[name]));
  const ys = smoothed(
    rows.map((row) => row[name]),
    smooth,
  );
  const line: Line = {
    xs: rows.map(({ step }) => places.get(step)!),
    ys,
    steps: rows.map(({ step }) => step),
  };
  if (spread && rows.some((row) => Number.isFinite(row[spread]))) {
    const width = smoothed(
      rows.map((row) => row[spread] ?? 0),
      smooth,
    );
    line.low = ys.map((y, i) => y - width[i]);
    line.high = ys.map((y, i) => y + width[i]);
  }
  return line;
}
