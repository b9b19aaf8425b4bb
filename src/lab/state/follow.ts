import { effect } from '@preact/signals';
import { notify, type Store } from './store.ts';

/** Shortest time that the groups of one step stay in view, in milliseconds. */
const PACE_MS = 1500;

/** Shows the groups of the newest step of the open run, at a pace that can be read, and not while somebody reads. */
export function followNewest(store: Store): void {
  let isWaiting = false;
  let shownAt = Number.NEGATIVE_INFINITY;
  const show = () => {
    isWaiting = false;
    const run = store.open.peek();
    const rollouts = run?.data.peek().latest;
    if (!run || !rollouts) return;
    shownAt = performance.now();
    store.newest.value = { run: run.id, rollouts };
  };
  effect(() => {
    const run = store.open.value;
    const latest = run?.data.value.latest;
    const shown = store.newest.value;
    if (!run || !latest || shown?.rollouts === latest) return;
    if (shown?.run !== run.id) show();
    else if (!store.held.value && !isWaiting) {
      isWaiting = true;
      setTimeout(show, Math.max(0, shownAt + PACE_MS - performance.now()));
    }
  });
}

/** Reads the groups of the step that the view names. */
export function readEarlier(store: Store): void {
  effect(() => {
    const { step } = store.view.value;
    const run = store.open.value;
    if (run === undefined || step === undefined) return;
    const isNear = (place: { run: string; rollouts: { step: number } } | undefined) =>
      place?.run === run.id && place.rollouts.step === step;
    if (isNear(store.earlier.peek())) return;
    const { newest } = store;
    const latest = run.data.peek().latest;
    if (latest?.step === step && latest.details.length > 0) {
      store.earlier.value = { run: run.id, rollouts: latest };
      return;
    }
    if (isNear(newest.peek())) {
      store.earlier.value = newest.peek();
      return;
    }
    // A link may name a step that a run under way has yet to reach.
    if (!run.data.value.kept.includes(step)) return;
    run.rollouts(step).then(
      (rollouts) => {
        const isWanted = store.open.peek() === run && store.view.peek().step === step;
        if (rollouts && isWanted) store.earlier.value = { run: run.id, rollouts };
      },
      (error: Error) =>
        notify(store, {
          kind: 'rollouts',
          level: 'error',
          text: `Step ${step} could not be read: ${error.message}`,
        }),
    );
  });
}
