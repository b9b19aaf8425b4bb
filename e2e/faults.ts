import { fetchShippedPolicy } from '../src/lab/shippedPolicy.ts';
import { Training } from '../src/lab/training.ts';
import type { Config } from '../src/runs/config.ts';
import type { PolicyFiles, RunEvent } from '../src/runs/events.ts';
import { type FixedRun, fixedRun } from '../src/runs/fixed.ts';
import { browserRuns } from '../src/runs/storage/opfs.ts';
import { listRuns, readFiles } from '../src/runs/storage/runs.ts';

/** What a test drives from outside. */
export interface Faults {
  /** Trains a run that the browser keeps, from the shipped policy times a factor; its end is in `outcome`. */
  start(name: string, config: Config, factor?: number): Promise<void>;
  goOn(name: string): void;
  /** Pauses the run between two updates, or lets it go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Told so far, in order: warnings, and `step 3`, `saved 2`, `resume 2`, `done`. */
  told: string[];
  /** `running`, `ended`, or the message of the error. */
  outcome: string;
  /** The steps that runs could go on from, by name. */
  saved(): Promise<Record<string, number | undefined>>;
  /** What a run has left that its seed, device and build fix. */
  leavings(name: string): Promise<FixedRun>;
}

function scaled(files: PolicyFiles, factor: number): PolicyFiles {
  const bytes = files['model.safetensors'].slice();
  const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const weights = new Float32Array(bytes.buffer.slice(header));
  bytes.set(new Uint8Array(weights.map((w) => w * factor).buffer), header);
  return { ...files, 'model.safetensors': bytes };
}

function note(event: RunEvent): void {
  if (event.type === 'warning') faults.told.push(event.message);
  if (event.type === 'saved' || event.type === 'resume') faults.told.push(`${event.type} ${event.step}`);
  if (event.type === 'step') faults.told.push(`step ${event.metrics.step}`);
  if (event.type === 'done') faults.told.push('done');
}

function follow(run: Promise<void>): void {
  faults.outcome = 'running';
  run.then(
    () => {
      faults.outcome = 'ended';
    },
    (error: Error) => {
      faults.outcome = error.message;
    },
  );
}

let training = new Training();

const faults: Faults = {
  told: [],
  outcome: '',
  async start(name, config, factor = 1) {
    const policy = scaled(await fetchShippedPolicy(), factor);
    training = new Training();
    follow(training.train({ name, config, policy }, note));
  },
  goOn(name) {
    training = new Training();
    follow(training.continueRun(name, note));
  },
  pause: () => training.pause(),
  resume: () => training.resume(),
  async saved() {
    const runs = await listRuns(browserRuns());
    return Object.fromEntries(runs.map(({ name, savedStep }) => [name, savedStep]));
  },
  async leavings(name) {
    return fixedRun(await readFiles(browserRuns().directory(name), ['checkpoints']));
  },
};

Object.assign(window, { faults });
