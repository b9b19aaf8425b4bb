import type { Tokenizer } from '../policy/tokenizer.ts';
import type { Grade, Prompt, PromptSource } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { RETURN } from '../tasks/format.ts';
import { random } from '../tensor/random.ts';
import { type AlignmentItem, questionOf, restoreItem, type SavedItem, saveItem } from './item.ts';
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
  /** Items of this step that were not drawn yet, in random order; a step may draw more than once. */
  let deck: { step: number; items: AlignmentItem[] } = { step: 0, items: [] };
  return {
    name: ALIGNMENT,
    maxNewTokens: options.align_max_new_tokens,
    draw(step, count) {
      if (deck.step !== step) deck = { step, items: random(options.seed, 0xa119, step).shuffle([...items]) };
      const drawn = items.length - deck.items.length;
      return deck.items.splice(0, count).map((item, i): Prompt<AlignmentItem> => {
        const text = questionOf(item);
        return {
          id: `${ALIGNMENT}-${step}-${drawn + i}`,
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
    save: () => items.map(saveItem),
    restore(saved) {
      items = (saved as SavedItem[]).map(restoreItem);
    },
  };
}

function alignmentGrade(judgement: Judgement, kind: AlignmentReward): Grade {
  const { wellFormed, cells } = judgement;
  const variables = cells.filter(({ name }) => name !== RETURN);
  const right = (some: typeof cells) =>
    wellFormed && some.length > 0 ? some.filter((cell) => cell.right).length / some.length : 0;
  const allRight = Number(right(cells) === 1);
  return {
    reward: alignmentReward(judgement, kind),
    accuracy: allRight,
    parts: {
      format: Number(wellFormed),
      variables_right: right(variables),
      output_right: right(cells.filter(({ name }) => name === RETURN)),
      all_right: allRight,
    },
    detail: { cells },
  };
}
