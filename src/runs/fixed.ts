import type { StepMetrics } from './events.ts';

/** Fields that the clock or the machine's memory decides. */
const UNFIXED = /_time$|_per_second$|^memory(_|\/)/;

/** What a seed, a device and a build fix of a step's metrics, to the bit: all but clock and memory. */
export function fixedMetrics(metrics: StepMetrics): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !UNFIXED.test(name)));
}

/** What they fix of a whole run. */
export interface FixedRun {
  metrics: Record<string, number>[];
  /** `rollouts.jsonl` as it is. */
  rollouts: string;
  /** `evaluation.json` without seconds. */
  evaluations: unknown;
  /** `policy/model.safetensors` as it is; undefined before the run has ended. */
  weights?: Uint8Array;
}

/** Picks from the files of a run, by path, what its seed, device and build fix. */
export function fixedRun(files: Record<string, Uint8Array>): FixedRun {
  const text = (name: string) => new TextDecoder().decode(files[name]);
  const lines = text('metrics.jsonl').split('\n').slice(0, -1);
  return {
    metrics: lines.map((line) => fixedMetrics(JSON.parse(line) as StepMetrics)),
    rollouts: text('rollouts.jsonl'),
    evaluations: JSON.parse(text('evaluation.json'), (key, value) => (key === 'seconds' ? undefined : value)),
    weights: files['policy/model.safetensors'],
  };
}
