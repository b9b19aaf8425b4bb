import type { Lab } from '../state/lab.ts';
import { Panel } from '../ui/Panel.tsx';

export function RunPanel({ lab }: { lab: Lab }) {
  const { store, session } = lab;
  const run = store.open.value;
  const phase = store.live.value?.data.value.phase;
  return (
    <Panel id="run" title="The run">
      <div class="buttons">
        <button
          type="button"
          disabled={phase !== undefined}
          onClick={() => session.start(store.config.value)}
        >
          Start
        </button>
        <button type="button" disabled={phase !== 'running'} onClick={() => session.pause()}>
          Pause
        </button>
        <button type="button" disabled={phase !== 'paused'} onClick={() => session.resume()}>
          Resume
        </button>
        <button type="button" disabled={!phase} onClick={() => session.stepOnce()}>
          Step
        </button>
        <button type="button" disabled={!phase} onClick={() => session.stop()}>
          Stop
        </button>
      </div>
      {run?.data.value.device && (
        <p class="badge">{`${run.data.value.device.backend}: ${run.data.value.device.adapter}`}</p>
      )}
      <p role="status">{run ? run.data.value.message : 'Ready.'}</p>
    </Panel>
  );
}
