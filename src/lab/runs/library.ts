import type { PolicyFiles } from '../../runs/events.ts';
import type { StepRollouts } from '../state/run.ts';
import { forgetRun } from '../state/session.ts';
import { groupKey, notify, type RunEntry, type Store } from '../state/store.ts';
import type { RunDatabase } from '../storage/database.ts';
import { storageMessage, storedRun } from '../storage/keeper.ts';
import { entryOf } from '../storage/library.ts';
import type { RunContents, UpdatedGroup } from './archive.ts';

/** What can be done with kept runs. */
export interface Library {
  renameRun(run: RunEntry, name: string): void;
  deleteRun(run: RunEntry): Promise<void>;
  /** Hands the run to the person as one file. */
  exportRun(run: RunEntry): Promise<void>;
  /** Keeps the run of a file and opens it; rejects with what is wrong with the file. */
  importRun(file: Blob & { name?: string }): Promise<void>;
  /** The trained policy of a run, where it was kept. */
  policy(run: RunEntry): Promise<PolicyFiles | undefined>;
}

/** @param database undefined where this browser keeps nothing */
export function createLibrary(store: Store, database: () => Promise<RunDatabase | undefined>): Library {
  return {
    renameRun(run, name) {
      run.name.value = name;
      database()
        .then((db) => db?.rename(run.id, name))
        .catch(tell(store));
    },
    async deleteRun(run) {
      await (await database())?.delete(run.id);
      await forgetRun(run.id);
      store.runs.value = store.runs.value.filter((other) => other !== run);
      if (store.openId.value === run.id) store.openId.value = store.runs.value.at(-1)?.id;
      const overlaid = new Set(store.overlaid.value);
      if (overlaid.delete(run.id)) store.overlaid.value = overlaid;
    },
    async exportRun(run) {
      const { packEntry } = await import('./archive.ts');
      const db = await database();
      const contents: RunContents = {
        entry: await withSteps(run, db),
        steps: await stepsOf(run),
        updated: updatedOf(store, run),
        policy: await db?.policy(run.id),
      };
      download(await packEntry(contents), `${run.name.peek().replace(/[^\w-]+/g, '-')}.zip`);
    },
    async importRun(file) {
      const { unpackEntry } = await import('./archive.ts');
      const bytes = new Uint8Array(await file.arrayBuffer());
      const contents = unpackEntry(bytes, (file.name ?? 'imported').replace(/\.zip$/, ''), 'own');
      const { entry } = contents;
      const db = await database();
      if (db) await keep(db, contents).catch(tell(store));
      store.runs.value = [...store.runs.value, entry].sort((a, b) => a.created - b.created);
      store.updated.value = new Map([...store.updated.value, ...updatedEntries(entry, contents.updated)]);
      store.openId.value = entry.id;
      if (store.liveId.value === undefined) store.config.value = entry.config;
    },
    policy: async (run) => (await database())?.policy(run.id),
  };
}

/** Answers of a file as the page's state keys them. */
export function updatedEntries(entry: RunEntry, updated: readonly UpdatedGroup[]) {
  return updated.map(({ step, group, answer }) => [groupKey(entry.id, step, group), answer] as const);
}

function updatedOf(store: Store, run: RunEntry): UpdatedGroup[] {
  return [...store.updated.peek()].flatMap(([key, answer]) => {
    const [id, step, group] = key.split('/');
    return id === run.id ? [{ step: Number(step), group: Number(group), answer }] : [];
  });
}

/** A run that was never drawn has not read its steps yet. */
async function withSteps(run: RunEntry, db: RunDatabase | undefined): Promise<RunEntry> {
  if (run.data.peek().metrics.length === 0 && run.origin === 'own' && db) {
    const [metrics, kept] = await Promise.all([db.metrics(run.id), db.keptSteps(run.id)]);
    run.data.value = { ...run.data.peek(), metrics, kept };
  }
  return run;
}

async function stepsOf(run: RunEntry): Promise<StepRollouts[]> {
  const { kept, latest } = run.data.peek();
  const steps: StepRollouts[] = [];
  for (const step of kept) {
    const rollouts = (await run.rollouts(step)) ?? (latest?.step === step ? latest : undefined);
    if (rollouts) steps.push(rollouts);
  }
  return steps;
}

async function keep(db: RunDatabase, { entry, steps, policy }: RunContents): Promise<void> {
  await db.addMetrics(entry.id, entry.data.peek().metrics);
  for (const rollouts of steps) await db.addRollouts(entry.id, rollouts);
  if (policy) await db.setPolicy(entry.id, policy);
  await db.save(storedRun(entry));
}

const tell = (store: Store) => (error: Error) =>
  notify(store, { kind: 'storage', level: 'warning', text: storageMessage(error) });

function download(bytes: Uint8Array, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Adds the kept runs to the state; runs that another tab trains are said to. */
export async function loadRuns(store: Store, db: RunDatabase, isElsewhere: (id: string) => Promise<boolean>) {
  const entries: RunEntry[] = [];
  for (const stored of await db.runs()) entries.push(entryOf(db, stored, await isElsewhere(stored.id)));
  const known = new Set(store.runs.value.map(({ id }) => id));
  store.runs.value = [...store.runs.value, ...entries.filter(({ id }) => !known.has(id))].sort(
    (a, b) => Number(b.origin === 'recorded') - Number(a.origin === 'recorded') || a.created - b.created,
  );
}
