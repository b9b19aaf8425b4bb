import type { Lab } from '../state/lab.ts';
import { Panel } from '../ui/Panel.tsx';

export function RunsPanel({ lab }: { lab: Lab }) {
  return (
    <Panel id="runs" title="Runs">
      <ul>
        {lab.store.runs.value.map((run) => (
          <li key={run.id}>{run.name.value}</li>
        ))}
      </ul>
    </Panel>
  );
}
