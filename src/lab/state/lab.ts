import { effect } from '@preact/signals';
import { runLock } from '../../runs/storage/browser_run.ts';
import { createBrowserSandbox } from '../../sandbox/browser.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import { playRecorded } from '../recorded/replay.ts';
import { differences } from '../runs/diff.ts';
import { createLibrary, type Library, loadRuns } from '../runs/library.ts';
import { RunDatabase } from '../storage/database.ts';
import { createKeeper, type Keeper } from '../storage/keeper.ts';
import { readDrawnRuns } from '../storage/library.ts';
import { encodeAddress } from './address.ts';
import { followNewest, readEarlier } from './follow.ts';
import { inspectOpenGroup } from './inspect.ts';
import { createSession, type Session } from './session.ts';
import { createStore, notify, type Store } from './store.ts';

/** The page's state and everything that acts on it; panels get it whole or in parts. */
export interface Lab {
  store: Store;
  session: Session;
  library: Library;
  /** The page's own sandbox, for programs that a person runs; started when first asked for. */
  sandbox(): Promise<Sandbox>;
}

/** Puts the parts together: state, kept runs, the recorded run, and the address in step with the state. */
export function startLab(search: string): Lab {
  const store = createStore(search);
  const database = openDatabase(store);
  const keeper = database.then((db) => db && createKeeper(store, db));
  const session = createSession(store, keepingOf(keeper, database));
  const library = createLibrary(store, async () => {
    // What has been told so far belongs to what is kept.
    await (await keeper)?.settled();
    return database;
  });
  followNewest(store);
  readEarlier(store);
  inspectOpenGroup(store, session);
  writeAddress(store);
  showRuns(store, database, new URLSearchParams(search).size > 0).then(() => {
    const open = store.open.peek();
    if (open?.data.peek().phase === 'interrupted') return session.goOn(open);
    if (store.view.peek().play) return session.start(store.config.peek());
  });
  let sandbox: Promise<Sandbox> | undefined;
  return {
    store,
    session,
    library,
    sandbox: () => {
      sandbox ??= createBrowserSandbox().catch((error) => {
        // Whoever asks again may find the network back.
        sandbox = undefined;
        throw error;
      });
      return sandbox;
    },
  };
}

async function openDatabase(store: Store): Promise<RunDatabase | undefined> {
  try {
    return await RunDatabase.open();
  } catch (error) {
    const text = `This browser keeps no data here (${(error as Error).message}): runs are gone when the page is left. Export those that you want to keep.`;
    notify(store, { kind: 'storage', level: 'warning', text });
    return undefined;
  }
}

/** Events wait for the database to open; none is lost. */
function keepingOf(keeper: Promise<Keeper | undefined>, database: Promise<RunDatabase | undefined>) {
  return {
    take: (...args: Parameters<Keeper['take']>) => void keeper.then((it) => it?.take(...args)),
    save: (...args: Parameters<Keeper['save']>) => void keeper.then((it) => it?.save(...args)),
    rollouts: async (run: string, step: number) => (await database)?.rollouts(run, step),
  };
}

/** Kept runs and the recorded one. An address with a set-up opens the newest run of that very set-up. */
async function showRuns(
  store: Store,
  database: Promise<RunDatabase | undefined>,
  isAsked: boolean,
): Promise<void> {
  const db = await database;
  if (db) {
    readDrawnRuns(store, db);
    await loadRuns(store, db, isHeldElsewhere);
    const fitting = store.runs.value.filter(
      ({ config }) => !isAsked || differences(config, store.config.value).length === 0,
    );
    const newest = fitting.at(-1);
    if (newest) {
      store.openId.value = newest.id;
      store.config.value = newest.config;
    }
  }
  // Played beside everything else.
  void playRecorded(store);
}

/** How long the lock of this page's own last worker may outlive a reload. */
const LOCK_PATIENCE_MS = 1000;

/** Whether another tab trains a run. */
async function isHeldElsewhere(id: string): Promise<boolean> {
  const isHeld = async () => {
    const { held = [] } = (await navigator.locks?.query()) ?? {};
    return held.some(({ name }) => name === runLock(id));
  };
  if (!(await isHeld())) return false;
  await new Promise((resolve) => setTimeout(resolve, LOCK_PATIENCE_MS));
  return isHeld();
}

function writeAddress(store: Store): void {
  let first = true;
  effect(() => {
    const query = encodeAddress({ config: store.config.value, view: store.view.value });
    // An address that was opened stays as it was typed until something changes.
    if (!first) history.replaceState(null, '', `?${query}`);
    first = false;
  });
}
