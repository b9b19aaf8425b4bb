import type { RolloutRecord, RunEvent } from '../../runs/events.ts';
import { notify, type RunEntry, type Store } from '../state/store.ts';
import type { RunDatabase, StoredRun } from './database.ts';

/** Keeps the events of live runs in the browser, one write after the other, and says once when it cannot. */
export interface Keeper {
  /** Takes a batch of events that the run's data already hold. */
  take(run: RunEntry, events: readonly RunEvent[]): void;
  /** Writes what the run is, without its steps. */
  save(run: RunEntry): void;
  /** Resolves when everything taken so far is written, or has failed. */
  settled(): Promise<void>;
}

export function createKeeper(store: Store, database: RunDatabase): Keeper {
  let last: Promise<void> = Promise.resolve();
  /** Runs whose groups found no room; their metrics are small and still tried. */
  const full = new Set<string>();
  /** The newest records of each run, whose details are still to come. */
  const records = new Map<string, readonly RolloutRecord[]>();

  const write = (run: RunEntry, work: () => Promise<unknown>, isLarge = false) => {
    last = last.then(async () => {
      if (isLarge && full.has(run.id)) return;
      try {
        await work();
      } catch (error) {
        if (isLarge) full.add(run.id);
        notify(store, { kind: 'storage', level: 'warning', text: storageMessage(error as Error) });
      }
    });
  };

  return {
    take(run, events) {
      const metrics = events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
      write(run, () => database.addMetrics(run.id, metrics));
      for (const event of events) {
        // A batch may end between the records of a step and the details of its groups.
        if (event.type === 'rollouts') records.set(run.id, event.records);
        if (event.type === 'groups') {
          const rollouts = { step: event.step, records: records.get(run.id) ?? [], details: event.details };
          write(run, () => database.addRollouts(run.id, rollouts), true);
        }
        if (event.type === 'policy') write(run, () => database.setPolicy(run.id, event.files), true);
      }
      this.save(run);
    },
    save(run) {
      write(run, () => database.save(storedRun(run)));
    },
    settled: () => last,
  };
}

/** What is kept of a run besides its steps. */
export function storedRun(run: RunEntry): StoredRun {
  const { phase, message, device, totalSteps, evaluations, vocabulary, warnings } = run.data.peek();
  return {
    id: run.id,
    name: run.name.peek(),
    created: run.created,
    config: run.config,
    phase,
    message,
    device,
    totalSteps,
    evaluations,
    vocabulary,
    warnings,
  };
}

/** What a person can do about a failed write. */
export function storageMessage(error: Error): string {
  if (error.name === 'QuotaExceededError') {
    return 'The storage of this browser is full: the run goes on, but its groups are no longer kept. Delete runs below, or export them first.';
  }
  return `This browser could not keep the run (${error.message}): it goes on, but may be gone after a reload. Export it when it ends.`;
}
