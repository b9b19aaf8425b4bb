import { formatTime } from '../../runs/format.ts';
import type { Lab } from '../state/lab.ts';
import { notify } from '../state/store.ts';
import { tipOn } from '../ui/Tip.tsx';
import { secondsLeft } from './progress.ts';

/** Start, pause, one update, stop; and how far the run is. */
export function Transport({ lab }: { lab: Lab }) {
  const { store, session } = lab;
  const phase = store.live.value?.data.value.phase;
  const steerable = phase === 'running' || phase === 'paused' || phase === 'starting';
  const act = (work: () => Promise<void>) => () => {
    work().catch((error: Error) => notify(store, { kind: 'run', level: 'error', text: error.message }));
  };
  return (
    <div class="transport">
      <fieldset class="buttons" aria-label="Training">
        {phase === undefined ? (
          <button
            type="button"
            class="main"
            onClick={act(() => start(lab))}
            {...tipOn('Trains a policy here, in this page, with the set-up below. Nothing is sent anywhere.')}
          >
            <span aria-hidden="true">▶</span> Train
          </button>
        ) : phase === 'paused' ? (
          <button type="button" class="main" onClick={act(session.resume)}>
            <span aria-hidden="true">▶</span> Resume
          </button>
        ) : (
          <button type="button" disabled={!steerable} onClick={act(session.pause)}>
            <span aria-hidden="true">❚❚</span> Pause
          </button>
        )}
        <button
          type="button"
          disabled={phase !== undefined && !steerable}
          onClick={act(phase === undefined ? () => startWithOne(lab) : session.stepOnce)}
          {...tipOn('Samples, grades and updates once, then pauses; starts a run where none is under way.')}
        >
          <span aria-hidden="true">▶❚</span> One update
        </button>
        <button
          type="button"
          disabled={!steerable}
          onClick={act(session.stop)}
          {...tipOn('Ends after the update in progress; the policy is then evaluated and kept.')}
        >
          <span aria-hidden="true">■</span> Stop
        </button>
      </fieldset>
      <Progress lab={lab} />
    </div>
  );
}

async function start({ store, session }: Lab): Promise<void> {
  const wrong = [...store.wrong.value.values()];
  if (wrong.length > 0) throw new Error(`Correct the set-up first: ${wrong.join('; ')}`);
  await session.start(store.config.value);
}

async function startWithOne(lab: Lab): Promise<void> {
  const run = start(lab);
  await lab.session.stepOnce();
  await run;
}

function Progress({ lab: { store } }: { lab: Lab }) {
  const run = store.live.value ?? store.open.value;
  if (!run) return <p role="status">Ready.</p>;
  const data = run.data.value;
  const step = data.metrics.at(-1)?.step ?? 0;
  const left = store.live.value && data.phase === 'running' ? secondsLeft(data, run.config) : undefined;
  return (
    <div class="progress">
      <progress value={step} max={data.totalSteps} aria-label="Steps done" />
      <p>
        <span role="status">{data.message}</span>
        {left !== undefined && <span class="left"> About {formatTime(left)} left.</span>}
      </p>
    </div>
  );
}
