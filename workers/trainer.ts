import * as Comlink from 'comlink';
import type { Config } from '../src/runs/config.ts';
import { RunControl } from '../src/runs/control.ts';
import type { DeviceInfo, Emit, TrainerApi, TrainingJob } from '../src/runs/events.ts';
import { inspectLogProbs } from '../src/runs/inspect.ts';
import { holdLifeline } from '../src/runs/lifeline.ts';
import { givePulse } from '../src/runs/pulse.ts';
import { withBrowserRun } from '../src/runs/storage/browser_run.ts';
import { RunRecord } from '../src/runs/storage/record.ts';
import { runEvaluation, runTraining } from '../src/runs/training.ts';
import { writeProgram } from '../src/runs/writing.ts';
import { createBrowserSandbox } from '../src/sandbox/browser.ts';
import type { Sandbox } from '../src/sandbox/types.ts';
import { startDevice } from '../src/tensor/browser.ts';

/** Identity of the sources, filled in when the page is built. */
declare const TRACEWRIGHT_BUILD: string;

// The trainer owns the device, the policy and the loop, and starts the sandbox workers itself:
// programs and traces never cross the page's thread.
const control = new RunControl();
const lifeline = holdLifeline(self.name);
const pulse = givePulse();

/** Starts the device and a sandbox, hands them to `work`, and ends the sandbox after it. */
async function withDevice<T>(
  config: Config,
  emit: Emit,
  work: (device: DeviceInfo, sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const device = await startDevice(config.device, config.threads, pulse);
  emit({ type: 'device', device });
  const sandbox = await createBrowserSandbox();
  try {
    return await work(device, sandbox);
  } finally {
    sandbox.dispose();
  }
}

function train(job: TrainingJob, emit: Emit): Promise<void> {
  return withDevice(job.config, emit, (device, sandbox) =>
    runTraining({ ...job, device, sandbox, emit, build: TRACEWRIGHT_BUILD }, control),
  );
}

const api: TrainerApi = {
  alive: () => lifeline,
  train: (job, emit) => {
    if (job.name === undefined) return train(job, emit);
    return withBrowserRun(job.name, async (directory) => {
      const record = await RunRecord.begin(directory, { config: job.config, tasks: job.tasks }, emit);
      await train(job, record.keeping(emit));
    });
  },
  continueRun: (name, emit, steps) =>
    withBrowserRun(name, async (directory) => {
      const record = await RunRecord.open(directory, emit, steps);
      const { config, tasks } = record.start;
      const checkpoint = await record.goBack();
      await train({ config, policy: {}, tasks, checkpoint }, record.keeping(emit));
    }),
  evaluate: (job, emit) =>
    withDevice(job.config, emit, (device, sandbox) =>
      runEvaluation({ ...job, device, sandbox, emit, build: TRACEWRIGHT_BUILD }),
    ),
  pause: () => control.pause(),
  resume: () => control.resume(),
  stepOnce: () => control.stepOnce(),
  stop: () => control.stop(),
  write: (request, emit) => control.ask((live) => writeProgram(live, request, emit)),
  logProbs: (prompt, completions) => control.ask((live) => inspectLogProbs(live, prompt, completions)),
};

Comlink.expose(api);
