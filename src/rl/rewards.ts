import { type KlEstimator, klEstimate } from './kl.ts';

/** Options of what is added to the reward of a grade, by verl's names. */
export interface RewardOptions {
  'overlong_buffer.enable': boolean;
  'overlong_buffer.len': number;
  'overlong_buffer.penalty_factor': number;
  use_kl_in_reward: boolean;
  kl_penalty: KlEstimator;
  'kl_ctrl.kl_coef': number;
}

/**
 * Soft overlong punishment (DAPO, arXiv 2503.14476): 0 up to `limit - len` tokens, then falling in a line to
 * `-penalty_factor` at `limit`.
 * @param length tokens of the completion
 * @param limit longest completion
 */
export function overlongPenalty(length: number, limit: number, options: RewardOptions): number {
  if (!options['overlong_buffer.enable']) return 0;
  const buffer = options['overlong_buffer.len'];
  const excess = length - (limit - buffer);
  return excess <= 0 ? 0 : -(excess / buffer) * options['overlong_buffer.penalty_factor'];
}

/**
 * One reward a token: the completion's own at its last token, minus `kl_coef` times the KL estimate of every
 * token to the reference policy where that is asked for.
 * @param referenceLogProbs log-probabilities of the tokens under the reference policy (nats)
 */
export function tokenRewards(
  reward: number,
  logProbs: readonly number[],
  referenceLogProbs: ArrayLike<number> | undefined,
  options: RewardOptions,
): number[] {
  const rewards = logProbs.map((logProb, t) =>
    referenceLogProbs
      ? -options['kl_ctrl.kl_coef'] * klEstimate(logProb, referenceLogProbs[t], options.kl_penalty)
      : 0,
  );
  rewards[rewards.length - 1] += reward;
  return rewards;
}
