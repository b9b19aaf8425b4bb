import { Curves } from '../curves/Curves.tsx';
import { HealthNotes } from '../health/HealthNotes.tsx';
import type { Lab } from '../state/lab.ts';
import { sentence } from '../state/run.ts';
import { isShown } from '../state/store.ts';
import { Panel } from '../ui/Panel.tsx';
import { Controls } from './Controls.tsx';
import { DeviceBadge } from './Device.tsx';
import { Loop } from './Loop.tsx';
import { Numbers } from './Numbers.tsx';
import { Transport } from './Transport.tsx';

/** The run from afar: steer it, see it learn, read what the curves mean. */
export function RunPanel({ lab }: { lab: Lab }) {
  const { store } = lab;
  const run = store.open.value;
  const data = run?.data.value;
  const newest = data?.metrics.at(-1);
  return (
    <Panel
      id="run"
      title="The run"
      aside={
        <>
          {run && <span class="run-name">{run.name.value}</span>}
          {run?.origin === 'recorded' && <span class="badge recorded">recorded</span>}
          <DeviceBadge run={run} />
        </>
      }
    >
      {isShown(store, 'transport') && <Transport lab={lab} />}
      {isShown(store, 'controls') && <Controls store={store} disabled={store.liveId.value !== undefined} />}
      {isShown(store, 'help') && <Loop config={run?.config ?? store.config.value} metrics={newest} />}
      {data && data.warnings.length > 0 && <Warnings warnings={data.warnings} />}
      {isShown(store, 'health') && data && <HealthNotes data={data} levels={['trouble', 'watch']} />}
      {isShown(store, 'curves') && <Curves store={store} />}
      {isShown(store, 'health') && data && <HealthNotes data={data} levels={['fine']} />}
      {isShown(store, 'numbers') && newest && <Numbers metrics={newest} />}
    </Panel>
  );
}

/** What was said while the run trained; a live run says it at the top of the page, too. */
function Warnings({ warnings }: { warnings: readonly string[] }) {
  return (
    <details class="warning">
      <summary>Warnings of this run ({warnings.length})</summary>
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{sentence(warning)}</li>
        ))}
      </ul>
    </details>
  );
}
