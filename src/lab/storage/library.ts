import { effect, signal } from '@preact/signals';
import { isLive, newRunData, type RunData } from '../state/run.ts';
import { notify, type RunEntry, type Store } from '../state/store.ts';
import type { RunDatabase, StoredRun } from './database.ts';

/** A run of the database as the page's state holds it; its steps are read when it is first drawn. */
export function entryOf(database: RunDatabase, stored: StoredRun, isElsewhere: boolean): RunEntry {
  const { phase, message, device, totalSteps, evaluations, vocabulary, warnings } = stored;
  const wasLive = isLive(phase);
  const data: RunData = {
    ...newRunData(stored.config),
    device,
    totalSteps,
    evaluations,
    vocabulary,
    warnings,
    ...(wasLive ? interrupted(isElsewhere) : { phase, message }),
  };
  return {
    id: stored.id,
    name: signal(stored.name),
    created: stored.created,
    config: stored.config,
    origin: 'own',
    data: signal(data),
    rollouts: (step) => database.rollouts(stored.id, step),
  };
}

function interrupted(isElsewhere: boolean): Pick<RunData, 'phase' | 'message'> {
  return isElsewhere
    ? { phase: 'elsewhere', message: 'It trains in another tab of this browser.' }
    : { phase: 'interrupted', message: 'Interrupted: its page was closed or reloaded.' };
}

/** Reads the steps of stored runs when they are opened or laid over. */
export function readDrawnRuns(store: Store, database: RunDatabase): void {
  const read = new Set<string>();
  effect(() => {
    const drawn = store.runs.value.filter(
      ({ id }) => id === store.openId.value || store.overlaid.value.has(id),
    );
    for (const run of drawn) {
      if (run.origin !== 'own' || read.has(run.id)) continue;
      read.add(run.id);
      // A run that was started here has its steps already.
      if (run.data.peek().metrics.length > 0 || run.id === store.liveId.peek()) continue;
      readSteps(database, run).catch((error: Error) => {
        read.delete(run.id);
        notify(store, {
          kind: 'storage',
          level: 'error',
          text: `The run "${run.name.peek()}" could not be read (${error.message}): reload the page.`,
        });
      });
    }
  });
}

async function readSteps(database: RunDatabase, run: RunEntry): Promise<void> {
  const [metrics, kept] = await Promise.all([database.metrics(run.id), database.keptSteps(run.id)]);
  const newest = kept.at(-1);
  const latest = newest === undefined ? undefined : await database.rollouts(run.id, newest);
  const data = run.data.peek();
  if (data.metrics.length === 0) run.data.value = { ...data, metrics, kept, latest };
}
