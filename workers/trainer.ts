import * as Comlink from 'comlink';
import { RunControl } from '../src/runs/control.ts';
import type { TrainerApi } from '../src/runs/events.ts';
import { runEvaluation, runTraining } from '../src/runs/training.ts';
import { createBrowserSandbox } from '../src/sandbox/browser.ts';
import { startDevice } from '../src/tensor/browser.ts';

// The trainer owns the device, the policy and the loop, and starts the sandbox workers itself:
// programs and traces never cross the page's thread.
const control = new RunControl();

const api: TrainerApi = {
  async train(config, policy, emit, tasks) {
    emit({ type: 'device', device: await startDevice(config.device) });
    const sandbox = await createBrowserSandbox();
    try {
      await runTraining(config, policy, sandbox, control, emit, tasks);
    } finally {
      sandbox.dispose();
    }
  },
  async evaluate(config, policy, emit, tasks) {
    emit({ type: 'device', device: await startDevice(config.device) });
    const sandbox = await createBrowserSandbox();
    try {
      return await runEvaluation(config, policy, sandbox, emit, tasks);
    } finally {
      sandbox.dispose();
    }
  },
  pause: () => control.pause(),
  resume: () => control.resume(),
  stepOnce: () => control.stepOnce(),
  stop: () => control.stop(),
};

Comlink.expose(api);
