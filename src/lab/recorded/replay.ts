import { updatedEntries } from '../runs/library.ts';
import { newRunData, type RunData } from '../state/run.ts';
import { notify, type RunEntry, type Store } from '../state/store.ts';

/** Where the recording lies; `npm run recording` makes it. */
const RECORDING = './recorded/run.zip';
/** Between two steps of the replay, in milliseconds. */
const STEP_MS = 300;

/** Fetches the recorded run and plays it, so that the page is alive before anything is computed. */
export async function playRecorded(store: Store): Promise<void> {
  try {
    const [{ unpackEntry }, response] = await Promise.all([import('../runs/archive.ts'), fetch(RECORDING)]);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const { entry, updated } = unpackEntry(bytes, 'recorded run', 'recorded');
    store.updated.value = new Map([...store.updated.value, ...updatedEntries(entry, updated)]);
    store.runs.value = [entry, ...store.runs.value];
    store.openId.value ??= entry.id;
    const wantsRest = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (store.openId.value === entry.id && store.view.value.step === undefined && !wantsRest) {
      await play(entry);
    }
  } catch (error) {
    notify(store, {
      kind: 'recorded',
      level: 'warning',
      text: `The recorded run could not be loaded (${(error as Error).message}). Training works without it.`,
    });
  }
}

/** Shows a run as it was while it trained, one step after the other. */
async function play(entry: RunEntry): Promise<void> {
  const whole = entry.data.peek();
  for (let count = 0; count <= whole.metrics.length; count++) {
    entry.data.value = await upTo(entry, whole, count);
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  entry.data.value = whole;
}

/** A run as it was after its first `count` steps. */
async function upTo(entry: RunEntry, whole: RunData, count: number): Promise<RunData> {
  const metrics = whole.metrics.slice(0, count);
  const step = metrics.at(-1)?.step ?? 0;
  const kept = whole.kept.filter((other) => other <= step);
  const newest = kept.at(-1);
  return {
    ...newRunData(entry.config),
    phase: 'finished',
    message: `Recorded: step ${step} of ${whole.totalSteps}.`,
    device: whole.device,
    totalSteps: whole.totalSteps,
    vocabulary: whole.vocabulary,
    metrics,
    evaluations: whole.evaluations.filter((one) => one.step <= step),
    kept,
    latest: newest === undefined ? undefined : await entry.rollouts(newest),
  };
}
