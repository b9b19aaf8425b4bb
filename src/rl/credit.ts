import type * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../policy/policy.ts';
import { type AdvantageOptions, type OutcomeGroup, tokenAdvantages, valueTargets } from './advantages.ts';
import { type Critic, type CriticOptions, criticValues, updateCritic } from './critic.ts';
import { type Generator, greedyRewards } from './generate.ts';
import { klEstimate } from './kl.ts';
import { logProbsEach } from './log_probs.ts';
import { type RewardOptions, tokenRewards } from './rewards.ts';
import type { GradedGroup, Rollout } from './types.ts';

/** Options of credit assignment, by verl's names. */
export interface CreditOptions extends RewardOptions, AdvantageOptions, CriticOptions {}

/** Who is judged, and what some estimators need. */
export interface Judged extends Generator {
  policy: Policy;
  /** Parameters of the reference policy, for a KL penalty in the reward. */
  reference?: tf.Tensor1D;
  /** For the advantage estimator `gae`. */
  critic?: Critic;
}

/**
 * Credit assignment: from the grades of a batch to the advantage of every token. The critic, where there is one,
 * judges before it learns from the batch.
 * @returns the groups as rollouts, and metrics of the penalty and of the critic
 */
export async function assignCredit(
  judged: Judged,
  groups: readonly GradedGroup[],
  options: CreditOptions,
): Promise<{ rollouts: Rollout[][]; metrics: Record<string, number> }> {
  const { policy, critic, reference } = judged;
  const flat = groups.flatMap(({ prompt, completions, grades }) =>
    completions.map((completion, i) => ({ prompt, completion, grade: grades[i] })),
  );
  const sequences = flat.map(({ prompt, completion }) => ({
    prompt: prompt.tokens,
    completion: completion.tokens,
  }));
  const hasPenalty = options.use_kl_in_reward && reference !== undefined;
  const references = hasPenalty ? await logProbsEach(policy, reference, sequences) : undefined;
  const values = critic ? await criticValues(policy, critic, sequences) : undefined;
  const greedy = options.adv_estimator === 'remax' ? await greedyRewards(judged, groups) : undefined;
  const outcomes = flat.map(({ completion, grade }, i) => ({
    rewards: tokenRewards(grade.reward, completion.logProbs, references?.[i], options),
    values: values && Array.from(values[i]),
  }));
  const advantages = tokenAdvantages(regroup(groups, outcomes, greedy), options).flat();
  const metrics: Record<string, number> = {};
  if (references) {
    const kl = flat.flatMap(({ completion }, i) =>
      completion.logProbs.map((logProb, t) => klEstimate(logProb, references[i][t], options.kl_penalty)),
    );
    metrics.kl = kl.reduce((a, b) => a + b, 0) / Math.max(1, kl.length);
  }
  if (critic && values) {
    const targets = outcomes.map(({ rewards }, i) =>
      valueTargets(rewards, Array.from(values[i]), options.gamma, options.lam),
    );
    Object.assign(metrics, await updateCritic(policy, critic, sequences, values, targets, options));
  }
  let at = 0;
  const rollouts = groups.map(({ completions }) =>
    completions.map(() => ({ ...flat[at], advantages: advantages[at++] })),
  );
  return { rollouts, metrics };
}

function regroup(
  groups: readonly GradedGroup[],
  outcomes: readonly OutcomeGroup['outcomes'][number][],
  greedy: readonly number[] | undefined,
): OutcomeGroup[] {
  let at = 0;
  return groups.map(({ prompt, completions }, i) => ({
    source: prompt.source,
    outcomes: completions.map(() => outcomes[at++]),
    greedyReward: greedy?.[i],
  }));
}
