import { changeView, type Store } from '../state/store.ts';

/** Which step is open: the newest one as it comes, or any earlier one. */
export function StepBar({ store }: { store: Store }) {
  const run = store.open.value;
  const kept = run?.data.value.kept ?? [];
  if (!run || kept.length === 0) return null;
  const { step } = store.view.value;
  const shown = store.selection.value?.rollouts.step;
  const at = nearestIndex(kept, step ?? shown ?? kept.at(-1)!);
  const open = (index: number) =>
    changeView(store, {
      step: kept[index],
      group: undefined,
      sample: undefined,
      test: undefined,
      trace: undefined,
    });
  return (
    <div class="step-bar">
      <button type="button" aria-label="Earlier step" disabled={at <= 0} onClick={() => open(at - 1)}>
        ‹
      </button>
      <label>
        <span>
          step <strong>{kept[at]}</strong> of {run.data.value.totalSteps}
        </span>
        <input
          type="range"
          min="0"
          max={kept.length - 1}
          value={at}
          aria-valuetext={`step ${kept[at]}`}
          onInput={(event) => open(Number(event.currentTarget.value))}
        />
      </label>
      <button
        type="button"
        aria-label="Later step"
        disabled={at >= kept.length - 1}
        onClick={() => open(at + 1)}
      >
        ›
      </button>
      <button
        type="button"
        class="toggle"
        aria-pressed={step === undefined}
        onClick={() =>
          changeView(
            store,
            step === undefined ? { step: shown } : { step: undefined, group: undefined, sample: undefined },
          )
        }
      >
        Follow the newest
      </button>
    </div>
  );
}

function nearestIndex(kept: readonly number[], step: number): number {
  let best = 0;
  kept.forEach((other, index) => {
    if (Math.abs(other - step) < Math.abs(kept[best] - step)) best = index;
  });
  return best;
}
