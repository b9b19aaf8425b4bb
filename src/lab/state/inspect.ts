import { effect } from '@preact/signals';
import type { Session } from './session.ts';
import { groupKey, notify, type Store } from './store.ts';

/** Asks the live trainer how the open group's tokens fare after the update, where the view shows it. */
export function inspectOpenGroup(store: Store, session: Session): void {
  const asked = new Set<string>();
  effect(() => {
    const selection = store.selection.value;
    if (store.view.value.colour !== 'change' || !selection?.detail) return;
    const { run, rollouts, detail } = selection;
    const key = groupKey(run.id, rollouts.step, detail.group);
    const { training } = session;
    if (run.id !== store.liveId.value || !training || asked.has(key) || store.updated.peek().has(key)) return;
    asked.add(key);
    training.logProbs(detail.promptTokens, detail.tokens).then(
      (answer) => {
        store.updated.value = new Map(store.updated.peek()).set(key, answer);
      },
      (error: Error) => {
        // A run that ends with questions open is no fault; anything else is.
        if (store.liveId.peek() === run.id)
          notify(store, {
            kind: 'inspect',
            level: 'warning',
            text: `The policy could not be asked: ${error.message}`,
          });
      },
    );
  });
}
