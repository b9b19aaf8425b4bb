/** Keeps divisions finite in groups of almost equal rewards (verl's value). */
const EPSILON = 1e-6;

/** Added to the variance in whitening (verl's `masked_whiten`). */
const WHITEN_EPSILON = 1e-8;

export const ADV_ESTIMATORS = [
  'grpo',
  'rloo',
  'reinforce_plus_plus',
  'reinforce_plus_plus_baseline',
  'remax',
  'gae',
  'grpo_passk',
] as const;
export type AdvEstimator = (typeof ADV_ESTIMATORS)[number];

/** Options of the advantages, by verl's names. */
export interface AdvantageOptions {
  adv_estimator: AdvEstimator;
  norm_adv_by_std_in_grpo: boolean;
  /** Discount of later rewards within a completion. */
  gamma: number;
  /** Lambda of generalised advantage estimation. */
  lam: number;
  /** Over what whitening estimators take mean and deviation: all tokens of the batch, or those of one source. */
  whiten_scope: 'batch' | 'task';
}

/** What an estimator sees of one completion. */
export interface Outcome {
  /** One reward a token: the completion's own at its last token, minus the KL penalty of each token if any. */
  rewards: readonly number[];
  /** The critic's value before each token (`gae`). */
  values?: readonly number[];
}

/** The completions of one prompt. */
export interface OutcomeGroup {
  /** Name of the prompt's source. */
  source: string;
  outcomes: readonly Outcome[];
  /** Reward of the greedy completion (`remax`). */
  greedyReward?: number;
}

/**
 * The advantage of every token of every completion, `[group][completion][token]`.
 * @throws when the estimator needs values or a greedy reward and a group has none
 */
export function tokenAdvantages(groups: readonly OutcomeGroup[], options: AdvantageOptions): number[][][] {
  const { adv_estimator, gamma, lam } = options;
  const byScore = (estimate: (scores: readonly number[]) => number[]) =>
    groups.map(({ outcomes }) => {
      const advantages = estimate(outcomes.map(({ rewards }) => sum(rewards)));
      return outcomes.map(({ rewards }, i) => rewards.map(() => advantages[i]));
    });
  switch (adv_estimator) {
    case 'grpo':
      return byScore((scores) => groupAdvantages(scores, options.norm_adv_by_std_in_grpo));
    case 'rloo':
      return byScore(leaveOneOut);
    case 'grpo_passk':
      return byScore((scores) => bestOfGroup(scores, options.norm_adv_by_std_in_grpo));
    case 'reinforce_plus_plus_baseline':
      return whiten(
        groups,
        byScore((scores) => groupAdvantages(scores, false)),
        options,
      );
    case 'reinforce_plus_plus':
      return whiten(
        groups,
        groups.map(({ outcomes }) => outcomes.map(({ rewards }) => returnsToGo(rewards, gamma))),
        options,
      );
    case 'remax':
      return groups.map(({ outcomes, greedyReward }) =>
        outcomes.map(({ rewards }) => {
          if (greedyReward === undefined) throw missing('remax', 'the reward of the greedy completion');
          return returnsToGo(rewards, gamma).map((value) => value - greedyReward);
        }),
      );
    case 'gae':
      return whiten(
        groups,
        groups.map(({ outcomes }) =>
          outcomes.map(({ rewards, values }) => {
            if (!values) throw missing('gae', "the critic's values");
            return generalisedAdvantages(rewards, values, gamma, lam);
          }),
        ),
        options,
      );
  }
}

function missing(estimator: AdvEstimator, what: string): Error {
  return new Error(
    `tokenAdvantages(): adv_estimator=${estimator} needs ${what} of every group; the training step fills it in`,
  );
}

/**
 * Group-normalised advantages (GRPO, arXiv 2402.03300): (r - mean) / (std + 1e-6) with the unbiased deviation;
 * without the division (Dr. GRPO, arXiv 2503.20783) when `byStd` is false. A group of one is measured
 * against mean 0 and deviation 1, as in verl.
 */
export function groupAdvantages(rewards: readonly number[], byStd: boolean): number[] {
  if (rewards.length === 1) return [rewards[0]];
  // Rounding in the mean must not turn equal rewards into tiny advantages.
  if (isConstant(rewards)) return rewards.map(() => 0);
  const mean = sum(rewards) / rewards.length;
  if (!byStd) return rewards.map((r) => r - mean);
  const deviation = unbiasedDeviation(rewards, mean);
  return rewards.map((r) => (r - mean) / (deviation + EPSILON));
}

/**
 * RLOO (arXiv 2402.14740): r_i minus the mean of the group's other rewards. A group of one keeps its reward.
 */
export function leaveOneOut(rewards: readonly number[]): number[] {
  const count = rewards.length;
  if (count === 1) return [rewards[0]];
  if (isConstant(rewards)) return rewards.map(() => 0);
  const total = sum(rewards);
  return rewards.map((r) => r - (total - r) / (count - 1));
}

/**
 * Pass@k advantages (arXiv 2503.19595): only the best completion learns, by (best - second) / (std + 1e-6);
 * without the division when `byStd` is false. Of equal bests the first counts.
 */
export function bestOfGroup(rewards: readonly number[], byStd: boolean): number[] {
  if (rewards.length < 2) {
    throw new Error(`bestOfGroup(): grpo_passk compares the two best of a group; raise rollout.n (now 1)`);
  }
  const [best, second] = [...rewards].sort((a, b) => b - a);
  const deviation = byStd ? unbiasedDeviation(rewards, sum(rewards) / rewards.length) + EPSILON : 1;
  const winner = rewards.indexOf(best);
  return rewards.map((_, i) => (i === winner ? (best - second) / deviation : 0));
}

/** G_t = r_t + gamma G_{t+1}. */
export function returnsToGo(rewards: readonly number[], gamma: number): number[] {
  const returns: number[] = new Array(rewards.length);
  let next = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    next = rewards[t] + gamma * next;
    returns[t] = next;
  }
  return returns;
}

/**
 * Generalised advantage estimation (arXiv 1506.02438) over one completion, with value 0 after its end:
 * delta_t = r_t + gamma V_{t+1} - V_t; A_t = delta_t + gamma lam A_{t+1}.
 */
export function generalisedAdvantages(
  rewards: readonly number[],
  values: readonly number[],
  gamma: number,
  lam: number,
): number[] {
  const advantages: number[] = new Array(rewards.length);
  let next = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    const delta = rewards[t] + gamma * (values[t + 1] ?? 0) - values[t];
    next = delta + gamma * lam * next;
    advantages[t] = next;
  }
  return advantages;
}

/** What the critic learns to say: advantage plus value, before whitening (the lambda-return). */
export function valueTargets(
  rewards: readonly number[],
  values: readonly number[],
  gamma: number,
  lam: number,
): number[] {
  return generalisedAdvantages(rewards, values, gamma, lam).map((advantage, t) => advantage + values[t]);
}

/**
 * (x - mean) / sqrt(var + 1e-8) with the unbiased variance, over all tokens of the batch (REINFORCE++,
 * arXiv 2501.03262; verl's `masked_whiten`) or over the tokens of each source. A mixed batch whitened as one
 * measures rewards of different kinds against each other.
 */
function whiten(
  groups: readonly OutcomeGroup[],
  advantages: number[][][],
  { whiten_scope }: AdvantageOptions,
): number[][][] {
  const scopeOf = (group: OutcomeGroup) => (whiten_scope === 'task' ? group.source : '');
  const statistics = new Map<string, { mean: number; scale: number }>();
  for (const scope of new Set(groups.map(scopeOf))) {
    const values = advantages.filter((_, i) => scopeOf(groups[i]) === scope).flat(2);
    const mean = sum(values) / values.length;
    const variance = values.length > 1 ? unbiasedDeviation(values, mean) ** 2 : 0;
    // Equal advantages teach nothing, whatever the rounding of their mean.
    const scale = isConstant(values) ? 0 : 1 / Math.sqrt(variance + WHITEN_EPSILON);
    statistics.set(scope, { mean, scale });
  }
  return advantages.map((group, i) => {
    const { mean, scale } = statistics.get(scopeOf(groups[i]))!;
    return group.map((tokens) => tokens.map((value) => (value - mean) * scale));
  });
}

/** True when all rewards are equal, so that the group teaches nothing. */
export function isConstant(rewards: readonly number[]): boolean {
  return rewards.every((r) => r === rewards[0]);
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function unbiasedDeviation(values: readonly number[], mean: number): number {
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1));
}
