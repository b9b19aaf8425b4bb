import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { termOf } from '../terms.ts';
import { TermTip } from '../ui/Figure.tsx';
import type { Line } from './data.ts';
import { colourOf } from './palette.ts';
import type { CurveSpec } from './specs.ts';

/** One run's line in a chart. */
export interface DrawnLine {
  run: string;
  colour: string;
  line: Line;
}

export interface ChartProps {
  spec: CurveSpec;
  lines: readonly DrawnLine[];
  /** Name of the horizontal axis. */
  xLabel: string;
  /** Where the horizontal axis ends; the same for all charts. */
  xMax: number;
  log: boolean;
  /** Place of the shared cursor on the horizontal axis. */
  cursor: number | undefined;
  onCursor: (x: number | undefined) => void;
  /** A click opens the step under it. */
  onPick: (x: number) => void;
  /** Changes when the colour scheme does, so that the chart is drawn again. */
  scheme: string;
}

/** Charts with the same key share their cursor. */
const SYNC = 'tracewright';
const HEIGHT = 130;
const LARGE_HEIGHT = 200;

/** One chart: the lines of all drawn runs, the value under the cursor, and the same in words. */
export function Chart(props: ChartProps) {
  const { spec, lines, log, scheme, cursor } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const height = spec.large ? LARGE_HEIGHT : HEIGHT;
  const shape = `${log} ${scheme} ${lines.map(({ run, colour, line }) => `${run} ${colour} ${line.low !== undefined}`).join()}`;

  useEffect(() => {
    const made = new uPlot(
      optionsOf(latest, place.current!.clientWidth, height),
      tableOf(latest.current.lines),
      place.current!,
    );
    plot.current = made;
    const resize = new ResizeObserver(([entry]) => made.setSize({ width: entry.contentRect.width, height }));
    resize.observe(place.current!);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(tableOf(lines)), [lines, props.xMax]);
  useEffect(() => {
    const left = cursor === undefined ? -1 : (plot.current?.valToPos(cursor, 'x') ?? -1);
    plot.current?.setCursor({ left, top: left }, false);
  }, [cursor]);

  const name = spec.names[0];
  const term = termOf(name);
  const shownLines = lines.filter(({ line }) => line.ys.length > 0);
  const inWords = shownLines.map(({ run, line }) => `${run}: ${valueAt(line, undefined)}`).join('; ');
  return (
    <figure class={spec.large ? 'chart large' : 'chart'} id={`chart-${spec.id}`}>
      <figcaption>
        <TermTip name={name} term={{ ...term, help: helpOf(spec, term.help) }} />
        <span class="readouts">
          {shownLines.map(({ run, colour, line }) => (
            <span key={run} style={{ color: colour }} title={run}>
              {valueAt(line, cursor)}
            </span>
          ))}
          <small> {term.unit}</small>
        </span>
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${term.label} by ${props.xLabel}. Newest: ${inWords}`}
        class="plot"
      />
    </figure>
  );
}

/** What a chart shows, with what the band around its line and the numbers in brackets are. */
function helpOf({ kind, spread }: CurveSpec, help: string): string {
  if (kind === 'measure') return `${help} In brackets and as a band: the 95% interval.`;
  return spread
    ? `${help} In brackets and as a band: one standard deviation inside groups to each side.`
    : help;
}

/** The value at a place of the axis (the last one at or before it), or the newest. */
function valueAt(line: Line, x: number | undefined): string {
  const at = x === undefined ? line.xs.length - 1 : line.xs.findLastIndex((place) => place <= x);
  if (at < 0) return '–';
  if (!line.low || !line.high) return String(Number(line.ys[at].toPrecision(3)));
  return `${line.ys[at].toFixed(3)} [${line.low[at].toFixed(2)}, ${line.high[at].toFixed(2)}]`;
}

/** The lines as one table over all their places: three columns (value, low, high) or one for each. */
function tableOf(lines: readonly DrawnLine[]): uPlot.AlignedData {
  const tables = lines.map(
    ({ line }): uPlot.AlignedData =>
      line.low && line.high ? [line.xs, line.ys, line.low, line.high] : [line.xs, line.ys],
  );
  if (tables.length === 0) return [[]];
  return tables.length === 1 ? tables[0] : uPlot.join(tables);
}

function optionsOf(latest: { current: ChartProps }, width: number, height: number): uPlot.Options {
  const { spec, lines, log, onCursor, onPick } = latest.current;
  const ink = colourOf('--soft');
  const grid = { stroke: colourOf('--line'), width: 1 };
  const font = '11px system-ui, sans-serif';
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { run, colour, line } of lines) {
    const points = { show: spec.kind === 'measure', size: 6, fill: colour };
    series.push({ label: run, stroke: colour, width: 2, spanGaps: true, points });
    if (!line.low) continue;
    const edge: uPlot.Series = { stroke: 'transparent', spanGaps: true, points: { show: false } };
    series.push({ ...edge, label: 'low' }, { ...edge, label: 'high' });
    bands.push({
      series: [series.length - 1, series.length - 2],
      fill: `color-mix(in srgb, ${colour} 18%, transparent)`,
    });
  }
  return {
    width,
    height,
    series,
    bands,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: false, range: () => [0, latest.current.xMax] },
      y: log ? { distr: 3 } : { range: (_plot, low, high) => rangeOf(spec, low, high) },
    },
    axes: [
      {
        stroke: ink,
        grid: { show: false },
        ticks: grid,
        font,
        size: 24,
        space: 60,
        values: (_plot, ticks) => ticks.map(shortNumber),
      },
      {
        stroke: ink,
        grid,
        ticks: { show: false },
        font,
        size: 44,
        space: 30,
        values: (_plot, ticks) => ticks.map(shortNumber),
      },
    ],
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: false, y: false },
      y: false,
      points: { size: 7 },
    },
    hooks: {
      setCursor: [
        (plot) => {
          // Only the chart under the pointer speaks; the others follow it.
          if (!(plot.cursor as { event?: Event }).event) return;
          const { left } = plot.cursor;
          onCursor(left === undefined || left < 0 ? undefined : plot.posToVal(left, 'x'));
        },
      ],
      ready: [
        (plot) => {
          plot.over.addEventListener('click', () => onPick(plot.posToVal(plot.cursor.left ?? 0, 'x')));
          plot.over.addEventListener('mouseleave', () => onCursor(undefined));
        },
      ],
    },
  };
}

/** The axis holds its known range, or all values with a little room. */
function rangeOf(spec: CurveSpec, low: number | null, high: number | null): [number, number] {
  if (spec.range) return [spec.range[0], spec.range[1]];
  if (low === null || high === null) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
  // A constant has no height of its own, nor does one that rounding alone has moved.
  const room = 0.1 * (high - low > 1e-6 * size ? high - low : size);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function shortNumber(value: number | null): string {
  if (value === null) return '';
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}
