/** Keeps the division finite in groups of almost equal rewards (verl's value). */
const EPSILON = 1e-6;

/**
 * Group-normalised advantages (GRPO, arXiv 2402.03300): (r - mean) / (std + 1e-6) with the unbiased deviation;
 * without the division (Dr. GRPO, arXiv 2503.20783) when `byStd` is false. A group of one is measured
 * against mean 0 and deviation 1, as in verl.
 */
export function groupAdvantages(rewards: readonly number[], byStd: boolean): number[] {
  if (rewards.length === 1) return [rewards[0]];
  // Rounding in the mean must not turn equal rewards into tiny advantages.
  if (isConstant(rewards)) return rewards.map(() => 0);
  const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
  if (!byStd) return rewards.map((r) => r - mean);
  const variance = rewards.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (rewards.length - 1);
  return rewards.map((r) => (r - mean) / (Math.sqrt(variance) + EPSILON));
}

/** True when all rewards are equal, so that the group teaches nothing. */
export function isConstant(rewards: readonly number[]): boolean {
  return rewards.every((r) => r === rewards[0]);
}
