import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Config } from '../../runs/config.ts';
import type { PolicyFiles, StepMetrics } from '../../runs/events.ts';
import type { RunData, StepRollouts } from '../state/run.ts';
import { pack, unpack } from './gzip.ts';

/** A run without what is kept step by step. */
export interface StoredRun
  extends Pick<
    RunData,
    'phase' | 'message' | 'device' | 'totalSteps' | 'evaluations' | 'vocabulary' | 'warnings'
  > {
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  created: number;
  config: Config;
}

interface Schema extends DBSchema {
  runs: { key: string; value: StoredRun };
  metrics: { key: [run: string, step: number]; value: StepMetrics };
  /** Groups of a step, packed: they are many. */
  rollouts: { key: [run: string, step: number]; value: Uint8Array<ArrayBuffer> };
  policies: { key: string; value: PolicyFiles };
}

const NAME = 'tracewright';
const VERSION = 1;
const STORES = ['runs', 'metrics', 'rollouts', 'policies'] as const;

/** The steps of one run, in keys of [run, step]. */
const allSteps = (id: string) => IDBKeyRange.bound([id, 0], [id, Number.POSITIVE_INFINITY]);
const stepsFrom = (id: string, step: number) => IDBKeyRange.bound([id, step], [id, Number.POSITIVE_INFINITY]);

/** Runs kept in this browser. */
export class RunDatabase {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** Opens the database of this page; rejects where the browser keeps nothing (some private windows). */
  static async open(): Promise<RunDatabase> {
    const db = await openDB<Schema>(NAME, VERSION, {
      upgrade(fresh) {
        fresh.createObjectStore('runs', { keyPath: 'id' });
        for (const name of ['metrics', 'rollouts', 'policies'] as const) fresh.createObjectStore(name);
      },
      // Another tab has a newer version of the page: make way for it.
      blocking: () => db.close(),
    });
    return new RunDatabase(db);
  }

  /** All runs, the oldest first. */
  async runs(): Promise<StoredRun[]> {
    return (await this.#db.getAll('runs')).sort((a, b) => a.created - b.created);
  }

  async save(run: StoredRun): Promise<void> {
    await this.#db.put('runs', run);
  }

  async rename(id: string, name: string): Promise<void> {
    const transaction = this.#db.transaction('runs', 'readwrite');
    const run = await transaction.store.get(id);
    if (run) await transaction.store.put({ ...run, name });
    await transaction.done;
  }

  metrics(id: string): Promise<StepMetrics[]> {
    return this.#db.getAll('metrics', allSteps(id));
  }

  /** Steps whose groups are kept, in order. */
  async keptSteps(id: string): Promise<number[]> {
    return (await this.#db.getAllKeys('rollouts', allSteps(id))).map(([, step]) => step);
  }

  async rollouts(id: string, step: number): Promise<StepRollouts | undefined> {
    const packed = await this.#db.get('rollouts', [id, step]);
    return packed && unpack<StepRollouts>(packed);
  }

  policy(id: string): Promise<PolicyFiles | undefined> {
    return this.#db.get('policies', id);
  }

  async addMetrics(id: string, rows: readonly StepMetrics[]): Promise<void> {
    if (rows.length === 0) return;
    const transaction = this.#db.transaction('metrics', 'readwrite');
    // A resumed run makes the steps since its checkpoint again.
    await transaction.store.delete(stepsFrom(id, rows[0].step));
    await Promise.all(rows.map((row) => transaction.store.put(row, [id, row.step])));
    await transaction.done;
  }

  async addRollouts(id: string, rollouts: StepRollouts): Promise<void> {
    await this.#db.put('rollouts', await pack(rounded(rollouts)), [id, rollouts.step]);
  }

  async setPolicy(id: string, files: PolicyFiles): Promise<void> {
    await this.#db.put('policies', files, id);
  }

  /** Forgets a run and all that belongs to it. */
  async delete(id: string): Promise<void> {
    const transaction = this.#db.transaction(STORES, 'readwrite');
    await Promise.all([
      transaction.objectStore('runs').delete(id),
      transaction.objectStore('policies').delete(id),
      transaction.objectStore('metrics').delete(allSteps(id)),
      transaction.objectStore('rollouts').delete(allSteps(id)),
    ]);
    await transaction.done;
  }
}

/** Log-probabilities to four places: nobody reads more, and they pack to half. */
export function rounded(rollouts: StepRollouts): StepRollouts {
  const round = (rows: readonly (readonly number[])[]) =>
    rows.map((row) => row.map((value) => Math.round(value * 1e4) / 1e4));
  const details = rollouts.details.map((detail) => ({
    ...detail,
    logProbs: round(detail.logProbs),
    advantages: round(detail.advantages),
  }));
  return { ...rollouts, details };
}
