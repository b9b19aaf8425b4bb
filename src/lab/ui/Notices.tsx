import { dismiss, type Store } from '../state/store.ts';

/** What a person should know or do, until dismissed. */
export function Notices({ store }: { store: Store }) {
  return (
    <div class="notices" role="alert">
      {store.notices.value.map(({ kind, level, text }) => (
        <p key={kind} class={`notice ${level}`}>
          <span>{text}</span>
          <button type="button" onClick={() => dismiss(store, kind)}>
            Dismiss
          </button>
        </p>
      ))}
    </div>
  );
}
