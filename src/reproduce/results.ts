import { type Estimate, mean, quantile } from '../evaluation/statistics.ts';
import { tInterval } from '../evaluation/student.ts';
import type { Evaluation } from '../runs/events.ts';
import type { CellResult } from '../runs/sweep/collect.ts';
import { random } from '../tensor/random.ts';
import type { Arm, Experiment } from './suite.ts';

/** The finished runs of an arm, one a seed. */
export interface ArmResult {
  arm: Arm;
  cells: CellResult[];
}

/** An experiment as far as it has come. */
export interface ExperimentResult {
  experiment: Experiment;
  arms: ArmResult[];
  /** The policy that all arms start from. */
  start?: Evaluation;
}

/** One arm minus another, by seed. */
export interface PairedDifference {
  /** Seeds that both have. */
  seeds: number[];
  /** Mean of the differences and its 95% paired t-interval. */
  estimate: Estimate;
  /** The mean that the difference is from. */
  from: number;
}

/** The value of a measure after training; undefined where it was not taken. */
export function measured({ evaluations }: CellResult, measure: string): number | undefined {
  return evaluations.after?.measures[measure]?.value;
}

/** A measure over the seeds of an arm: mean and 95% t-interval; undefined where a run lacks it. */
export function overSeeds({ cells }: ArmResult, measure: string): Estimate | undefined {
  const values = cells.map((cell) => measured(cell, measure));
  if (values.length === 0 || values.includes(undefined)) return undefined;
  return tInterval(values as number[]);
}

/** Pairs of runs with the same seed. */
function pairsOf(arm: ArmResult, from: ArmResult): [CellResult, CellResult][] {
  return arm.cells.flatMap((cell) => {
    const other = from.cells.find(({ config }) => config.seed === cell.config.seed);
    return other ? [[cell, other] as [CellResult, CellResult]] : [];
  });
}

/**
 * A difference that is read off a run, paired by seed.
 * @param read what is compared; undefined where a run lacks it
 */
export function pairedDifference(
  arm: ArmResult,
  from: ArmResult,
  read: (cell: CellResult) => number | undefined,
): PairedDifference | undefined {
  const pairs = pairsOf(arm, from).flatMap(([cell, other]) => {
    const [a, b] = [read(cell), read(other)];
    return a === undefined || b === undefined ? [] : [{ seed: cell.config.seed, a, b }];
  });
  if (pairs.length === 0) return undefined;
  return {
    seeds: pairs.map(({ seed }) => seed),
    estimate: tInterval(pairs.map(({ a, b }) => a - b)),
    from: mean(pairs.map(({ b }) => b)),
  };
}

const RESAMPLES = 2000;
const STREAM = 0xb007;

/**
 * The difference in greedy pass@1 with a two-level bootstrap interval (2,000 resamples, 95%, percentiles): seeds are
 * drawn again, and the held-out tasks, the same ones for both arms.
 */
export function bootstrapDifference(arm: ArmResult, from: ArmResult): Estimate | undefined {
  const passes = ({ evaluations }: CellResult) => evaluations.after?.outcomes?.map((one) => one === 'pass');
  const gains = pairsOf(arm, from).flatMap(([cell, other]) => {
    const [a, b] = [passes(cell), passes(other)];
    return a && b && a.length === b.length ? [a.map((pass, i) => Number(pass) - Number(b[i]))] : [];
  });
  if (gains.length === 0) return undefined;
  const tasks = gains[0].length;
  const source = random(0, STREAM);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    const drawn = Int32Array.from({ length: tasks }, () => source.int(tasks));
    const seeds = gains.map(() => gains[source.int(gains.length)]);
    let sum = 0;
    for (const gain of seeds) for (const task of drawn) sum += gain[task];
    return sum / (seeds.length * tasks);
  }).sort();
  return {
    value: mean(gains.map(mean)),
    low: quantile(means, 0.025),
    high: quantile(means, 0.975),
    count: gains.length * tasks,
  };
}

/** The value of a measure at each evaluation during training, the last one included. */
export function course({ evaluations }: CellResult, measure: string): { step: number; value: number }[] {
  const { before, during = [], after } = evaluations;
  return [before, ...during, after].flatMap((evaluation) => {
    const value = evaluation?.measures[measure]?.value;
    return evaluation && value !== undefined ? [{ step: evaluation.step, value }] : [];
  });
}

/** What a run took: tokens that were sampled and that were learned from, and time. */
export function costOf({ config, metrics, seconds }: CellResult): {
  sampled: number;
  trained: number;
  minutes: number | undefined;
} {
  const prompts = (one: CellResult['metrics'][number]) =>
    Object.entries(one).reduce((sum, [name, value]) => (name.startsWith('prompts/') ? sum + value : sum), 0);
  const sampled = metrics.reduce(
    (sum, one) => sum + prompts(one) * config['rollout.n'] * (one['completions/mean_length'] ?? 0),
    0,
  );
  return {
    sampled: Math.round(sampled),
    trained: metrics.at(-1)?.num_tokens ?? 0,
    minutes: seconds === undefined ? undefined : seconds / 60,
  };
}

/** How held-out tasks moved between verdicts: the mean number of tasks over the runs of an arm. */
export interface Transitions {
  /** Newly passing tasks, by the verdict before. */
  gained: Record<string, number>;
  /** Tasks that passed before, by their verdict after. */
  lost: Record<string, number>;
  tasks: number;
}

/** Where an arm's gained tasks come from and its lost ones go; undefined where verdicts are missing. */
export function transitions(start: Evaluation | undefined, { cells }: ArmResult): Transitions | undefined {
  const before = start?.outcomes;
  const afters = cells.map(({ evaluations }) => evaluations.after?.outcomes);
  if (!before || afters.length === 0) return undefined;
  const found: Transitions = { gained: {}, lost: {}, tasks: before.length };
  for (const after of afters) {
    if (after?.length !== before.length) return undefined;
    before.forEach((was, i) => {
      const is = after[i];
      if ((was === 'pass') === (is === 'pass')) return;
      const [side, verdict] = is === 'pass' ? [found.gained, was] : [found.lost, is];
      side[verdict] = (side[verdict] ?? 0) + 1 / afters.length;
    });
  }
  return found;
}
