import type { Lab } from '../state/lab.ts';
import { Panel } from '../ui/Panel.tsx';

export function GroupPanel({ lab }: { lab: Lab }) {
  const selection = lab.store.selection.value;
  return (
    <Panel id="group" title="One group of answers">
      {selection ? (
        <pre>{selection.records.map(({ completion }) => completion).join('\n\n')}</pre>
      ) : (
        <p>Nothing yet.</p>
      )}
    </Panel>
  );
}
