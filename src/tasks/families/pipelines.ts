import type { Value } from '../../program/values.ts';
import type { Random } from '../../tensor/random.ts';
import type { Problem, TaskFamily } from '../family.ts';
import type { Split } from '../types.ts';
import {
  AGGREGATES,
  type Aggregate,
  OPERATIONS,
  type Operation,
  pipelineLines,
  runPipeline,
} from './operations.ts';

/** Stage counts to draw from. Training also sees single stages; what is measured never is that easy. */
const STAGE_COUNTS: Record<Split, readonly number[]> = {
  sft: [1, 1, 2, 2, 3],
  rl: [2, 3],
  validation: [2, 3],
  heldout: [2, 3],
};
/** Before tasks with uninformative tests are dropped; of those that stay about a third aggregates. */
const AGGREGATE_SHARE = 0.5;
const BACKWARD_SHARE = 0.5;

/** 3 to 5 integers of -5..9. */
export function drawArray(random: Random): number[] {
  return Array.from({ length: random.between(3, 5) }, () => random.between(-5, 9));
}

/** "P, then Q, then R", or "R after Q after P". */
export function inWords(random: Random, steps: readonly { phrases: string[] }[]): string {
  const phrases = steps.map((step) => random.pick(step.phrases));
  return random.uniform() < BACKWARD_SHARE ? phrases.reverse().join(' after ') : phrases.join(', then ');
}

/** What a pipeline returns for an argument list; undefined when it leaves the allowed range. */
function output(
  stages: readonly Operation[],
  aggregate: Aggregate | null,
  input: Value[],
): Value | undefined {
  const end = runPipeline(stages, aggregate, input[0] as number[]);
  if (!end) return undefined;
  return aggregate ? end.s : (end.arrays.at(-1) ?? input[0]);
}

/** A pipeline of given parts. */
export function pipelineProblem(stages: readonly Operation[], aggregate: Aggregate | null): Problem {
  const parts = aggregate ? [...stages, aggregate] : [...stages];
  return {
    composition: `pipelines:${parts.map((part) => part.key).join('|')}`,
    signature: 'function f(a) {\n',
    entry: 'f',
    drawInput: (random) => [drawArray(random)],
    run: (input) => output(stages, aggregate, input),
    ablations: stages.map((_, i) => (input) => output(stages.toSpliced(i, 1), aggregate, input)),
    describe: (random) => inWords(random, parts),
    reference() {
      const { lines, output: name } = pipelineLines(stages, aggregate);
      return ['function f(a) {', ...lines, `  return ${name};`, '}'].join('\n');
    },
  };
}

/** Array pipelines: one to three named stages and perhaps a loop that aggregates. */
export const pipelines: TaskFamily = {
  name: 'pipelines',
  help: 'one to three array operations in a row, then perhaps a loop that sums, counts or compares',
  compose(random, split) {
    const stages = Array.from({ length: random.pick(STAGE_COUNTS[split]) }, () => random.pick(OPERATIONS));
    const aggregate = random.uniform() < AGGREGATE_SHARE ? random.pick(AGGREGATES) : null;
    return pipelineProblem(stages, aggregate);
  },
};
