import { isSoftware } from '../../tensor/webgpu.ts';
import type { EngineBackend } from '../../tensor/wgsl/backend.ts';
import type { PolicyConfig } from '../config.ts';
import { lanesProgram } from './lanes.ts';
import type { PackedForm } from './pack.ts';
import type { Program } from './program.ts';
import { workgroupProgram } from './workgroup.ts';

/** Which program carries how many rows on a device, learned while it samples: all give the same bits. */
export interface Choice {
  programs: readonly Program[];
  form: PackedForm;
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
  const choice = choices.get(key) ?? choiceOf(programsFor(device, config));
  choices.set(key, choice);
  return choice;
}

/** Programs for a device, the one for many rows first. */
export function programsFor(device: GPUDevice, config: PolicyConfig): Program[] {
  if (!isSoftware({ info: device.adapterInfo })) {
    return ([4, 2, 1] as const).map((rows) => workgroupProgram(config, rows));
  }
  const broadcasts = device.features.has('subgroups' as GPUFeatureName);
  return [4, 1].map((quads) => lanesProgram(config, quads, broadcasts));
}

/** Tries each program at each order of magnitude of rows, then stays with the fastest there. */
export function choiceOf(programs: readonly Program[]): Choice {
  const timings = new Map<string, { trials: number; best: number }>();
  const timing = (program: Program, rows: number) => {
    const key = `${programs.indexOf(program)} ${Math.ceil(Math.log2(rows))}`;
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
    programs,
    form: programs[0].form,
    pick: (rows) => programs.reduce((a, b) => (rank(b, rows) < rank(a, rows) ? b : a)),
    took: (program, rows, ms) => {
      const found = timing(program, rows);
      found.trials++;
      found.best = Math.min(found.best, ms);
    },
  };
}
