import { isSoftware } from '../../tensor/webgpu.ts';
import type { EngineBackend } from '../../tensor/wgsl/backend.ts';
import type { PolicyConfig } from '../config.ts';
import { lanesProgram } from './lanes.ts';
import type { PackedForm } from './pack.ts';
import type { Program } from './program.ts';
import { workgroupProgram } from './workgroup.ts';

/** Which program carries how many rows. */
export interface Choice {
  form: PackedForm;
  /** Leaves out programs that answer a trial otherwise than the first does. Later calls do nothing. */
  check(trial: (program: Program) => Promise<unknown>): Promise<void>;
  pick(rows: number): Program;
  /** Milliseconds that a token of so many rows took with a program. */
  took(program: Program, rows: number, ms: number): void;
}

/** Times that each program is tried at a number of rows; the first also warms up. */
const TRIALS = 2;

const known = new WeakMap<GPUDevice, Map<string, Choice>>();

/** The choice for a policy's shape on a device, remembered as long as the device. */
export function choiceFor({ device }: EngineBackend, config: PolicyConfig): Choice {
  const choices = known.get(device) ?? new Map<string, Choice>();
  known.set(device, choices);
  const key = JSON.stringify(config);
  const choice = choices.get(key) ?? choiceOn(device, config);
  choices.set(key, choice);
  return choice;
}

function choiceOn(device: GPUDevice, config: PolicyConfig): Choice {
  if (!isSoftware({ info: device.adapterInfo })) {
    return measured(([4, 2, 1] as const).map((rows) => workgroupProgram(config, rows)));
  }
  // Compiling takes seconds there, so nothing is tried.
  const broadcasts = device.features.has('subgroups' as GPUFeatureName);
  const many = lanesProgram(config, 4, broadcasts);
  const few = lanesProgram(config, 1, broadcasts);
  return fixed((rows) => (rows > 32 ? many : few));
}

/** Programs by the number of rows alone. */
export function fixed(pick: (rows: number) => Program): Choice {
  return { form: pick(1).form, check: async () => {}, pick, took: () => {} };
}

/**
 * Tries each program at each order of magnitude of rows, then stays with the fastest there. The clock may choose
 * because all give the same bits, which `check` makes sure of: compilers differ in where they fuse roundings.
 */
export function measured(programs: readonly Program[]): Choice {
  let agreeing: readonly Program[] | undefined;
  const timings = new Map<string, { trials: number; best: number }>();
  const timing = (program: Program, rows: number) => {
    const key = `${Math.ceil(Math.log2(rows))} ${program.kernel.name}`;
    const found = timings.get(key) ?? { trials: 0, best: Number.POSITIVE_INFINITY };
    timings.set(key, found);
    return found;
  };
  /** Those with trials left come first. */
  const rank = (program: Program, rows: number) => {
    const { trials, best } = timing(program, rows);
    return trials < TRIALS ? trials - TRIALS : best;
  };
  return {
    form: programs[0].form,
    check: async (trial) => {
      if (agreeing) return;
      const answers: string[] = [];
      for (const program of programs) answers.push(JSON.stringify(await trial(program)));
      agreeing = programs.filter((_, i) => answers[i] === answers[0]);
    },
    pick: (rows) => (agreeing ?? [programs[0]]).reduce((a, b) => (rank(b, rows) < rank(a, rows) ? b : a)),
    took: (program, rows, ms) => {
      const found = timing(program, rows);
      found.trials++;
      found.best = Math.min(found.best, ms);
    },
  };
}
