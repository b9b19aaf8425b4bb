import { signal } from '@preact/signals';
import type { Config } from '../../runs/config.ts';
import type { Emit, PolicyFiles, RunEvent } from '../../runs/events.ts';
import { needsPolicy } from '../../runs/options.ts';
import { browserRuns } from '../../runs/storage/opfs.ts';
import { listRuns } from '../../runs/storage/runs.ts';
import { fetchShippedPolicy } from '../shippedPolicy.ts';
import { Training } from '../training.ts';
import { Batcher } from './batch.ts';
import { newRunName } from './names.ts';
import { newRunData, type Phase, reduceRun, type StepRollouts, sentence } from './run.ts';
import { changeView, type Notice, notify, type RunEntry, type Store } from './store.ts';

/** What becomes of a live run's events besides being shown. */
export interface Keeping {
  /** Takes a batch of events that the run's data already hold. */
  take(run: RunEntry, events: readonly RunEvent[]): void;
  save(run: RunEntry): void;
  /** Reads the groups of a step that is no longer the newest. */
  rollouts(run: string, step: number): Promise<StepRollouts | undefined>;
}

/** What the benchmark looks for: the first update of a live run has been made. */
const FIRST_STEP = 'tracewright:first-step';

/** Starts and steers one run at a time. */
export interface Session {
  /** Trains to the end; the outcome, also a failure, is in the run's data. */
  start(config: Config): Promise<void>;
  /** Goes on with a run that was interrupted, from its last checkpoint. */
  goOn(run: RunEntry): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  stepOnce(): Promise<void>;
  stop(): Promise<void>;
  /** The training under way. */
  readonly training: Training | undefined;
}

export function createSession(store: Store, keeping: Keeping): Session {
  let training: Training | undefined;

  async function start(config: Config): Promise<void> {
    const id = crypto.randomUUID();
    const run: RunEntry = {
      id,
      name: signal(newRunName(store.runs.value.map(({ name }) => name.value))),
      created: Date.now(),
      config,
      origin: 'own',
      data: signal(newRunData(config)),
      rollouts: (step) => keeping.rollouts(id, step),
    };
    await work(run, (client, emit) => begin(client, run, emit));
  }

  async function goOn(run: RunEntry): Promise<void> {
    const savedStep = await savedStepOf(run.id);
    run.data.value = { ...run.data.value, phase: 'starting', message: 'Going on from its last checkpoint.' };
    await work(run, async (client, emit) => {
      if (savedStep !== undefined) return client.continueRun(run.id, emit);
      // Closed before its first checkpoint: its few steps are made again.
      await forgetRun(run.id);
      return begin(client, run, emit);
    });
  }

  async function begin(client: Training, run: RunEntry, emit: Emit): Promise<void> {
    const { config } = run;
    const policy: PolicyFiles = needsPolicy(config.method) ? await fetchShippedPolicy() : {};
    return client.train({ config, policy, ...(canKeepRuns() && { name: run.id }) }, emit);
  }

  /** Has a run trained to its end; how it ended, also by a failure, is in its data. */
  async function work(run: RunEntry, train: (client: Training, emit: Emit) => Promise<void>): Promise<void> {
    if (store.liveId.value !== undefined) {
      throw new Error('A run is under way: stop it before another starts.');
    }
    if (!store.runs.value.includes(run)) store.runs.value = [...store.runs.value, run];
    // What is open stays in view until there is something to see of the new run.
    store.openId.value ??= run.id;
    store.liveId.value = run.id;
    const client = new Training();
    training = client;
    let begun = false;
    let marked = false;
    const events = new Batcher<RunEvent>((batch) => {
      run.data.value = batch.reduce(reduceRun, run.data.value);
      keeping.take(run, batch);
      if (!begun && batch.some(({ type }) => type === 'step')) {
        begun = true;
        openBegun(store, run);
      }
    });
    try {
      await train(client, (event) => {
        if (event.type === 'step' && !marked) performance.mark(FIRST_STEP);
        marked ||= event.type === 'step';
        if (event.type === 'warning') notify(store, warningNotice(event.message));
        events.add(event);
      });
      events.flush();
    } catch (error) {
      events.flush();
      run.data.value = { ...run.data.value, phase: 'failed', message: 'The run failed.' };
      notify(store, { kind: 'run', level: 'error', text: failureMessage(error as Error) });
    } finally {
      client.dispose();
      training = undefined;
      store.liveId.value = undefined;
      keeping.save(run);
    }
  }

  async function steer(phase: Phase, message: string, act: (client: Training) => Promise<void>) {
    const run = store.live.value;
    if (!training || !run) return;
    run.data.value = { ...run.data.value, phase, message };
    keeping.save(run);
    await act(training);
  }

  return {
    start,
    goOn,
    pause: () => steer('paused', 'Paused after this step.', (client) => client.pause()),
    resume: () => steer('running', 'Running.', (client) => client.resume()),
    stepOnce: () => steer('paused', 'One update, then paused.', (client) => client.stepOnce()),
    stop: () => steer('stopping', 'Stopping after this step.', (client) => client.stop()),
    get training() {
      return training;
    },
  };
}

/** Whether this browser has a file system for pages, in which runs outlive the page. */
function canKeepRuns(): boolean {
  return navigator.storage?.getDirectory !== undefined && navigator.locks !== undefined;
}

/** The step from which an interrupted run can go on; undefined where there is no checkpoint. */
async function savedStepOf(id: string): Promise<number | undefined> {
  if (!canKeepRuns()) return undefined;
  return (await listRuns(browserRuns())).find(({ name }) => name === id)?.savedStep;
}

/** Removes a run's checkpoints and files. */
export async function forgetRun(id: string): Promise<void> {
  if (canKeepRuns()) await browserRuns().remove(id);
}

function failureMessage(error: Error): string {
  return `The run failed: ${error.message}. What it had done is kept; change the set-up or press Train again, or “Go on” in the table of runs.`;
}

/** A warning of a live run as a notice; one that differs in its numbers alone replaces the one before. */
function warningNotice(message: string): Notice {
  return { kind: `run ${message.replaceAll(/\d+/g, '')}`, level: 'warning', text: sentence(message) };
}

/** Opens a run that has begun, at its newest step unless the address names another. */
function openBegun(store: Store, run: RunEntry): void {
  if (store.openId.peek() === run.id) return;
  const { step } = store.view.peek();
  const wasOpened = store.earlier.peek()?.rollouts.step === step;
  store.openId.value = run.id;
  // What was open of another run is no longer meant; a step that an address names is.
  if (wasOpened)
    changeView(store, {
      step: undefined,
      group: undefined,
      sample: undefined,
      test: undefined,
      trace: undefined,
    });
}
