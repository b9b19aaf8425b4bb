import type { Tokenizer } from '../policy/tokenizer.ts';
import { isConstant } from '../rl/advantages.ts';
import { CODE, type CodeItem } from '../rl/code_source.ts';
import type { Rollout } from '../rl/types.ts';
import type { AlignmentItem } from '../semantics/item.ts';
import { ALIGNMENT } from '../semantics/source.ts';
import type { GroupDetail, RolloutRecord } from './events.ts';

/** The lines of `rollouts.jsonl` for one group. */
export function rolloutRecords(step: number, group: readonly Rollout[], index: number): RolloutRecord[] {
  return group.map(({ prompt, completion, grade, advantages }, sample) => ({
    step,
    source: prompt.source,
    group: index,
    sample,
    prompt_id: prompt.id,
    prompt: prompt.text,
    completion: completion.text,
    tokens: completion.tokens.length,
    terminated: completion.terminated,
    verdict: grade.verdict,
    reward: grade.reward,
    parts: grade.parts,
    advantage: meanAdvantage(advantages),
    detail: grade.detail,
  }));
}

/** Estimators that judge whole completions give every token the same, which the mean must not round. */
function meanAdvantage(advantages: readonly number[]): number {
  if (isConstant(advantages)) return advantages[0] ?? 0;
  return advantages.reduce((a, b) => a + b, 0) / advantages.length;
}

/** What the page shows of a group beyond its records. */
export function groupDetail(group: readonly Rollout[], index: number): GroupDetail {
  const { prompt } = group[0];
  const detail: GroupDetail = {
    group: index,
    promptTokens: prompt.tokens,
    tokens: group.map(({ completion }) => completion.tokens),
    logProbs: group.map(({ completion }) => completion.logProbs),
    advantages: group.map(({ advantages }) => [...advantages]),
  };
  if (prompt.source === CODE) detail.task = (prompt.item as CodeItem).task;
  if (prompt.source === ALIGNMENT) detail.item = prompt.item as AlignmentItem;
  return detail;
}

/** The text of every token, by id. */
export function vocabularyOf(tokenizer: Tokenizer): string[] {
  return Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]));
}
