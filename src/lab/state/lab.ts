import { effect } from '@preact/signals';
import { createBrowserSandbox } from '../../sandbox/browser.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import { encodeAddress } from './address.ts';
import { followNewest, readEarlier } from './follow.ts';
import { inspectOpenGroup } from './inspect.ts';
import { createSession, type Session } from './session.ts';
import { createStore, type Store } from './store.ts';

/** The page's state and everything that acts on it; panels get it whole or in parts. */
export interface Lab {
  store: Store;
  session: Session;
  /** The page's own sandbox, for programs that a person runs; started when first asked for. */
  sandbox(): Promise<Sandbox>;
}

/** Puts the parts together and keeps the address in step with the state. */
export function startLab(search: string): Lab {
  const store = createStore(search);
  const session = createSession(store);
  followNewest(store);
  readEarlier(store);
  inspectOpenGroup(store, session);
  let sandbox: Promise<Sandbox> | undefined;
  let first = true;
  effect(() => {
    const query = encodeAddress({ config: store.config.value, view: store.view.value });
    // An address that was opened stays as it was typed until something changes.
    if (!first) history.replaceState(null, '', `?${query}`);
    first = false;
  });
  return {
    store,
    session,
    sandbox: () => {
      sandbox ??= createBrowserSandbox();
      return sandbox;
    },
  };
}
