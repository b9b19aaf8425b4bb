import { allowed, type TaskFamily } from '../family.ts';
import { formatValue } from '../format.ts';
import type { Split } from '../types.ts';
import { narratedProgram } from './narrated.ts';
import { AGGREGATES, OPERATIONS, runPipeline } from './operations.ts';
import { drawArray, inWords } from './pipelines.ts';

/** Stage counts to draw from; what is measured takes some reckoning. */
const STAGE_COUNTS: Record<Split, readonly number[]> = {
  sft: [1, 2, 2, 3],
  rl: [2, 3],
  validation: [2, 3],
  heldout: [2, 3],
};

/**
 * Pipelines less what they give for an example, as a scale is set to zero: the program holds that value as a number,
 * so whoever writes it must execute the pipeline in the head. As in `narrated`, a comment states the values first.
 */
export const calibrated: TaskFamily = {
  name: 'calibrated',
  help: 'pipelines less what they give for an example: a number that the writer has to work out',
  compose(random, split) {
    const stages = Array.from({ length: random.pick(STAGE_COUNTS[split]) }, () => random.pick(OPERATIONS));
    const aggregate = random.pick(AGGREGATES);
    const zero = drawArray(random);
    const parts = [...stages, aggregate];
    const raw = (withStages: typeof stages, input: readonly number[]) =>
      runPipeline(withStages, aggregate, input)?.s;
    const zeroPoint = raw(stages, zero);
    const less = (withStages: typeof stages, input: readonly number[]) => {
      const [s, base] = [raw(withStages, input), raw(withStages, zero)];
      if (s === undefined || base === undefined || !allowed(s - base)) return undefined;
      return s - base;
    };
    return {
      composition: `calibrated:${parts.map((part) => part.key).join('|')}`,
      signature: 'function f(a) {\n',
      entry: 'f',
      example: [zero],
      drawInput: (source) => [drawArray(source)],
      // Without a zero point that is a number other than 0 there is nothing to work out.
      run: (input) => (zeroPoint ? less(stages, input[0] as number[]) : undefined),
      ablations: stages.map((_, i) => (input) => less(stages.toSpliced(i, 1), input[0] as number[])),
      describe: (source) => `${inWords(source, parts)}, then adjust so that ${formatValue(zero)} gives 0`,
      reference: () => narratedProgram(stages, aggregate, zero, (s) => (s > 0 ? `s - ${s}` : `s + ${-s}`)),
    };
  },
};
