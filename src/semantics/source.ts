import type { Tokenizer } from '../policy/tokenizer.ts';
import type { Grade, Prompt, PromptSource } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { RETURN } from '../tasks/format.ts';
import { random } from '../tensor/random.ts';
import { type AlignmentItem, questionOf } from './item.ts';
import { type AlignmentReward, alignmentReward, type Judgement, judge } from './reward.ts';
import { type SelectionOptions, selectItems } from './selection.ts';

/** Name of the alignment source in metrics and rollouts. */
export const ALIGNMENT = 'alignment';

/** Options of the alignment source, as in the configuration. */
export interface AlignmentOptions extends SelectionOptions {
  seed: number;
  align_reward: AlignmentReward;
}

/**
 * Execution-semantics alignment (CodeRL+): asks for the values that the variables of the policy's own failed
 * programs of the step before end with. The first step finds it empty.
 */
export function alignmentSource(
  tokenizer: Tokenizer,
  sandbox: Sandbox,
  options: AlignmentOptions,
): PromptSource {
  let items: AlignmentItem[] = [];
  return {
    name: ALIGNMENT,
    maxNewTokens: options.align_max_new_tokens,
    draw(step, count) {
      const chosen = random(options.seed, 0xa119, step)
        .shuffle([...items])
        .slice(0, count);
      return chosen.map((item, i): Prompt<AlignmentItem> => {
        const text = questionOf(item);
        return {
          id: `${ALIGNMENT}-${step}-${i}`,
          source: ALIGNMENT,
          text,
          tokens: tokenizer.encode(text),
          item,
        };
      });
    },
    async grade(prompts, completions) {
      return prompts.map((prompt, i) =>
        completions[i].map(({ text, terminated }) => {
          const judgement = judge(prompt.item as AlignmentItem, text);
          return alignmentGrade(
            { ...judgement, wellFormed: judgement.wellFormed && terminated },
            options.align_reward,
          );
        }),
      );
    },
    async observe(_step, groups) {
      const selection = await selectItems(groups, sandbox, tokenizer, options);
      items = selection.items;
      const own = groups.filter((group) => group[0].prompt.source === ALIGNMENT).flat();
      const metrics: Record<string, number> = {};
      for (const [name, count] of Object.entries(selection.counts)) metrics[`alignment/${name}`] = count;
      for (const part of ['all_right', 'variables_right', 'output_right', 'format']) {
        if (own.length === 0) break;
        metrics[`alignment/${part}`] =
          own.reduce((sum, { grade }) => sum + grade.parts[part], 0) / own.length;
      }
      return metrics;
    },
  };
}

function alignmentGrade(judgement: Judgement, kind: AlignmentReward): Grade {
  const { wellFormed, cells } = judgement;
  const variables = cells.filter(({ name }) => name !== RETURN);
  const right = (some: typeof cells) =>
    wellFormed && some.length > 0 ? some.filter((cell) => cell.right).length / some.length : 0;
  return {
    reward: alignmentReward(judgement, kind),
    parts: {
      format: Number(wellFormed),
      variables_right: right(variables),
      output_right: right(cells.filter(({ name }) => name === RETURN)),
      all_right: Number(right(cells) === 1),
    },
    detail: { cells },
  };
}
