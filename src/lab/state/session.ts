import { signal } from '@preact/signals';
import type { Config } from '../../runs/config.ts';
import type { PolicyFiles, RunEvent } from '../../runs/events.ts';
import { needsPolicy } from '../../runs/options.ts';
import { fetchShippedPolicy } from '../shippedPolicy.ts';
import { TrainerClient } from '../trainer.ts';
import { Batcher } from './batch.ts';
import { newRunName } from './names.ts';
import { newRunData, type Phase, reduceRun } from './run.ts';
import { notify, type RunEntry, type Store } from './store.ts';

/** What the benchmark looks for: the first update of a live run has been made. */
const FIRST_STEP = 'tracewright:first-step';

/** Starts and steers one run at a time. */
export interface Session {
  /** Trains to the end; the outcome, also a failure, is in the run's data. */
  start(config: Config): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  stepOnce(): Promise<void>;
  stop(): Promise<void>;
  /** The trainer of the run under way. */
  readonly trainer: TrainerClient | undefined;
}

export function createSession(store: Store): Session {
  let trainer: TrainerClient | undefined;

  async function start(config: Config): Promise<void> {
    if (store.liveId.value !== undefined)
      throw new Error('a run is under way: stop it before another starts');
    const run: RunEntry = {
      id: crypto.randomUUID(),
      name: signal(newRunName(store.runs.value.map(({ name }) => name.value))),
      created: Date.now(),
      config,
      origin: 'own',
      data: signal(newRunData(config)),
      rollouts: async () => undefined,
    };
    store.runs.value = [...store.runs.value, run];
    store.openId.value = run.id;
    store.liveId.value = run.id;
    const events = new Batcher<RunEvent>((batch) => {
      run.data.value = batch.reduce(reduceRun, run.data.value);
    });
    try {
      const policy: PolicyFiles = needsPolicy(config.method) ? await fetchShippedPolicy() : {};
      trainer = new TrainerClient();
      await trainer.train({ config, policy }, (event) => {
        markFirstStep(event);
        events.add(event);
      });
      events.flush();
    } catch (error) {
      events.flush();
      run.data.value = { ...run.data.value, phase: 'failed', message: 'The run failed.' };
      notify(store, { kind: 'run', level: 'error', text: (error as Error).message });
    } finally {
      trainer?.dispose();
      trainer = undefined;
      store.liveId.value = undefined;
    }
  }

  async function steer(phase: Phase, message: string, act: (trainer: TrainerClient) => Promise<void>) {
    const run = store.live.value;
    if (!trainer || !run) return;
    run.data.value = { ...run.data.value, phase, message };
    await act(trainer);
  }

  return {
    start,
    pause: () => steer('paused', 'Paused after this step.', (client) => client.pause()),
    resume: () => steer('running', 'Running.', (client) => client.resume()),
    stepOnce: () => steer('paused', 'One update, then paused.', (client) => client.stepOnce()),
    stop: () => steer('stopping', 'Stopping after this step.', (client) => client.stop()),
    get trainer() {
      return trainer;
    },
  };
}

function markFirstStep(event: RunEvent): void {
  if (event.type === 'step' && performance.getEntriesByName(FIRST_STEP).length === 0)
    performance.mark(FIRST_STEP);
}
