import * as Comlink from 'comlink';
import type { Config } from '../src/runs/config.ts';
import { RunControl } from '../src/runs/control.ts';
import type { DeviceInfo, RunEvent, TrainerApi } from '../src/runs/events.ts';
import { inspectLogProbs, runEvaluation, runTraining } from '../src/runs/training.ts';
import { writeProgram } from '../src/runs/writing.ts';
import { createBrowserSandbox } from '../src/sandbox/browser.ts';
import type { Sandbox } from '../src/sandbox/types.ts';
import { startDevice } from '../src/tensor/browser.ts';

// The trainer owns the device, the policy and the loop, and starts the sandbox workers itself:
// programs and traces never cross the page's thread.
const control = new RunControl();

/** Starts the device and a sandbox, hands them to `work`, and ends the sandbox after it. */
async function withDevice<T>(
  config: Config,
  emit: (event: RunEvent) => void,
  work: (device: DeviceInfo, sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const device = await startDevice(config.device);
  emit({ type: 'device', device });
  const sandbox = await createBrowserSandbox();
  try {
    return await work(device, sandbox);
  } finally {
    sandbox.dispose();
  }
}

const api: TrainerApi = {
  train: (config, files, emit, tasks) =>
    withDevice(config, emit, (device, sandbox) =>
      runTraining({ config, files, tasks, device, sandbox, emit }, control),
    ),
  evaluate: (config, files, emit, tasks) =>
    withDevice(config, emit, (device, sandbox) =>
      runEvaluation({ config, files, tasks, device, sandbox, emit }),
    ),
  pause: () => control.pause(),
  resume: () => control.resume(),
  stepOnce: () => control.stepOnce(),
  stop: () => control.stop(),
  write: (request, emit) => control.ask((live) => writeProgram(live, request, emit)),
  logProbs: (prompt, completions) => control.ask((live) => inspectLogProbs(live, prompt, completions)),
};

Comlink.expose(api);
