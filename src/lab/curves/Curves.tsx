import { useEffect, useState } from 'preact/hooks';
import type { RunData } from '../state/run.ts';
import { changeView, type RunEntry, type Store } from '../state/store.ts';
import { type View, X_AXES } from '../state/view.ts';
import { Tip } from '../ui/Tip.tsx';
import { Chart, type DrawnLine } from './Chart.tsx';
import { lineOf, positions } from './data.ts';
import { runColour } from './palette.ts';
import { CURVES, SUPERVISED_CURVES } from './specs.ts';

const X_LABELS: Record<View['x'], string> = {
  step: 'step',
  tokens: 'tokens trained on',
  time: 'seconds of training',
};

/** All curves of the open run and of those laid over it, with one cursor. */
export function Curves({ store }: { store: Store }) {
  const view = store.view.value;
  const scheme = useScheme();
  const drawn = drawnRuns(store);
  const open = drawn[0]?.run.data.value;
  const pick = (x: number) => {
    const step = open && stepAt(open, view.x, x);
    if (step !== undefined) changeView(store, { step, group: undefined, sample: undefined });
  };
  const isSupervised = drawn.length > 0 && drawn.every(({ run }) => run.config.method === 'sft');
  const charts = (isSupervised ? SUPERVISED_CURVES : CURVES)
    .map((spec) => {
      const lines = drawn.map(
        ({ run, colour }): DrawnLine => ({
          run: run.name.value,
          colour,
          line: lineOf(spec, spec.names[0], run.data.value, view),
        }),
      );
      return { spec, lines };
    })
    .filter(({ spec, lines }) => spec.large || lines.some(({ line }) => line.ys.length > 0));
  const xMax = Math.max(
    1,
    ...(view.x === 'step' ? drawn.map(({ run }) => run.data.value.totalSteps) : []),
    ...charts.flatMap(({ lines }) => lines.map(({ line }) => line.xs.at(-1) ?? 0)),
  );
  return (
    <div class="curves-part">
      <CurveControls store={store} places={open ? [...positions(open.metrics, view.x)] : []} />
      {drawn.length > 1 && (
        <ul class="legend" aria-label="Runs in the charts">
          {drawn.map(({ run, colour }) => (
            <li key={run.id}>
              <span class="swatch" style={{ background: colour }} /> {run.name.value}
            </li>
          ))}
        </ul>
      )}
      <div class="curves">
        {charts.map(({ spec, lines }) => (
          <Chart
            key={spec.id}
            spec={spec}
            lines={lines}
            xLabel={X_LABELS[view.x]}
            xMax={xMax}
            log={view.log && spec.range === undefined}
            cursor={store.cursor.value}
            onCursor={(x) => {
              store.cursor.value = x;
            }}
            onPick={pick}
            scheme={scheme}
          />
        ))}
      </div>
    </div>
  );
}

/** The runs that are drawn with their colours, the open one first. */
function drawnRuns(store: Store): { run: RunEntry; colour: string }[] {
  const open = store.open.value;
  const others = store.runs.value.filter((run) => run !== open && store.overlaid.value.has(run.id));
  return [...(open ? [open] : []), ...others].map((run, place) => ({ run, colour: runColour(place) }));
}

/** The step nearest to a place on the axis. */
function stepAt(data: RunData, x: View['x'], place: number): number | undefined {
  let best: number | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (const [step, at] of positions(data.metrics, x)) {
    if (step > 0 && Math.abs(at - place) < distance) [best, distance] = [step, Math.abs(at - place)];
  }
  return best;
}

const DARK = matchMedia('(prefers-color-scheme: dark)');

/** `light` or `dark`; a change draws the charts again in the other colours. */
function useScheme(): string {
  const [dark, setDark] = useState(DARK.matches);
  useEffect(() => {
    const change = () => setDark(DARK.matches);
    DARK.addEventListener('change', change);
    return () => DARK.removeEventListener('change', change);
  }, []);
  return dark ? 'dark' : 'light';
}

/** A step and its place on the horizontal axis. */
type Place = readonly [step: number, at: number];

function CurveControls({ store, places }: { store: Store; places: readonly Place[] }) {
  const view = store.view.value;
  return (
    <div class="curve-controls">
      <label>
        <Tip help="What the horizontal axis counts: updates, tokens that went through training, or seconds of training.">
          across
        </Tip>
        <select
          value={view.x}
          onChange={(event) => {
            changeView(store, { x: event.currentTarget.value as View['x'] });
            // A place on one axis is none on another.
            store.cursor.value = undefined;
          }}
        >
          {X_AXES.map((x) => (
            <option key={x} value={x}>
              {X_LABELS[x]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <Tip help="Weight of the past in the running average that is drawn: 0 shows every value as it was.">
          smoothing
        </Tip>
        <input
          type="range"
          min="0"
          max="0.95"
          step="0.05"
          value={view.smooth}
          aria-valuetext={view.smooth.toFixed(2)}
          onInput={(event) => changeView(store, { smooth: Number(event.currentTarget.value) })}
        />
        <span>{view.smooth.toFixed(2)}</span>
      </label>
      <label>
        <input
          type="checkbox"
          checked={view.log}
          onChange={(event) => changeView(store, { log: event.currentTarget.checked })}
        />
        <Tip help="Draws values on a logarithmic scale where they are no shares of 1; values of 0 and below are left out.">
          logarithmic
        </Tip>
      </label>
      {places.length > 1 && <CursorControl store={store} places={places} />}
    </div>
  );
}

/** Moves the cursor of all curves by the keyboard and by touch, where there is no pointer to hover with. */
function CursorControl({ store, places }: { store: Store; places: readonly Place[] }) {
  const { value: cursor } = store.cursor;
  const newest = places.length - 1;
  const found = cursor === undefined ? newest : places.findLastIndex(([, at]) => at <= cursor);
  const index = Math.max(0, found);
  const words = cursor === undefined ? 'newest step' : `step ${places[index][0]}`;
  return (
    <label>
      <Tip help="Reads all curves at one step: the numbers above them are those of that step.">values of</Tip>
      <input
        type="range"
        min="0"
        max={newest}
        value={index}
        aria-valuetext={words}
        onInput={(event) => {
          const to = Number(event.currentTarget.value);
          store.cursor.value = to === newest ? undefined : places[to][1];
        }}
      />
      <span>{words}</span>
    </label>
  );
}
