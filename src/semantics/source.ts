import type { Tokenizer } from '../policy/tokenizer.ts';
import type { Grade, Prompt, PromptSource } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { RETURN } from '../tasks/format.ts';
import { random } from '../tensor/random.ts';
import { shuffleTruths } from './controls.ts';
import { type AlignmentItem, answerOf, questionOf, restoreItem, type SavedItem, saveItem } from './item.ts';
import { type AlignmentReward, alignmentReward, type Judgement, judge } from './reward.ts';
import { type SelectionOptions, selectItems } from './selection.ts';

/** Name of the alignment source in metrics and rollouts. */
export const ALIGNMENT = 'alignment';

/** Options of the alignment source, as in the configuration. */
export interface AlignmentOptions extends SelectionOptions {
  seed: number;
  align_reward: AlignmentReward;
  align_set: 'on_policy' | 'prebuilt';
  align_prebuilt_batches: number;
  align_truth: 'true' | 'shuffled';
  align_learning: 'reinforcement' | 'supervised';
}

/**
 * Execution-semantics alignment (CodeRL+): asks for the values that the variables of the policy's own failed
 * programs of the step before end with. The first step finds it empty. With `align_set=prebuilt` it asks about the
 * programs of the starting policy, collected before the first step, for ever.
 */
export function alignmentSource(
  tokenizer: Tokenizer,
  sandbox: Sandbox,
  options: AlignmentOptions,
): PromptSource {
  let items: AlignmentItem[] = [];
  /** Items of this step that were not drawn yet, in random order; a step may draw more than once. */
  let deck: { step: number; items: AlignmentItem[] } = { step: 0, items: [] };
  const isPrebuilt = options.align_set === 'prebuilt';
  const deal = (step: number, count: number): AlignmentItem[] => {
    if (deck.step !== step) deck = { step, items: random(options.seed, 0xa119, step).shuffle([...items]) };
    return deck.items.splice(0, count);
  };
  const collect = (found: AlignmentItem[], step: number) => {
    const next = options.align_truth === 'shuffled' ? shuffleTruths(found) : found;
    if (!isPrebuilt) items = next;
    else if (step < 1) items = [...items, ...next];
  };
  return {
    name: ALIGNMENT,
    maxNewTokens: options.align_max_new_tokens,
    rehearsals: isPrebuilt ? options.align_prebuilt_batches : 0,
    ...(options.align_learning === 'supervised' && {
      teach: (step: number, count: number) =>
        deal(step, count).map((item) => ({
          prompt: tokenizer.encode(questionOf(item)),
          completion: [...tokenizer.encode(answerOf(item)), tokenizer.eosId],
        })),
    }),
    draw(step, count) {
      const dealt = deal(step, count);
      const drawn = items.length - deck.items.length - dealt.length;
      return dealt.map((item, i): Prompt<AlignmentItem> => {
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
    async observe(step, groups) {
      const selection = await selectItems(groups, sandbox, tokenizer, options);
      collect(selection.items, step);
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
