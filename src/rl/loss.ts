import * as tf from '@tensorflow/tfjs-core';

/** Options of the policy loss, by verl's names. */
export interface LossOptions {
  clip_ratio_low: number;
  clip_ratio_high: number;
  clip_ratio_c: number;
  use_kl_loss: boolean;
  kl_loss_coef: number;
  entropy_coeff: number;
}

export type LossAggMode = 'token-mean' | 'seq-mean-token-mean' | 'seq-mean-token-sum';

/** Per-token inputs of the loss, all of one length. */
export interface LossInputs {
  /** Log-probabilities under the policy that sampled. */
  oldLogProbs: Float32Array;
  advantages: Float32Array;
  /** Share of each token in the loss; see `tokenWeights`. */
  weights: Float32Array;
  /** Log-probabilities under the reference policy, for the KL penalty. */
  referenceLogProbs?: Float32Array;
}

/** Log-ratios are cut here before exp, as in verl, so that nothing overflows. */
const MAX_LOG_RATIO = 20;

/** No token's KL estimate counts more than this, as in verl. */
const MAX_KL = 10;

/**
 * PPO's clipped surrogate with dual clip (verl `vanilla`), plus the k3 KL penalty and minus the entropy bonus:
 *
 *     L = max(-A r, -A clip(r, 1 - low, 1 + high));  where A < 0: min(L, -A c)
 *     k3 = exp(ref - log p) - (ref - log p) - 1
 *
 * @returns sum over tokens of weight * (L + kl_loss_coef k3 - entropy_coeff entropy)
 */
export function policyLoss(
  logProbs: tf.Tensor1D,
  entropy: tf.Tensor1D,
  inputs: LossInputs,
  options: LossOptions,
): tf.Scalar {
  const advantages = tf.tensor1d(inputs.advantages);
  const logRatio = tf.sub(logProbs, tf.tensor1d(inputs.oldLogProbs));
  const ratio = tf.exp(tf.clipByValue(logRatio, -MAX_LOG_RATIO, MAX_LOG_RATIO));
  const clipped = tf.clipByValue(ratio, 1 - options.clip_ratio_low, 1 + options.clip_ratio_high);
  const negative = tf.neg(advantages);
  const pessimistic = tf.maximum(tf.mul(negative, ratio), tf.mul(negative, clipped));
  // max(-A, 0) c bounds the loss only where A < 0; elsewhere the bound must not bind
  const bound = Float32Array.from(inputs.advantages, (a) => (a < 0 ? -a * options.clip_ratio_c : 1e30));
  let perToken: tf.Tensor = tf.minimum(pessimistic, tf.tensor1d(bound));
  if (options.use_kl_loss && inputs.referenceLogProbs) {
    const difference = tf.clipByValue(
      tf.sub(tf.tensor1d(inputs.referenceLogProbs), logProbs),
      -MAX_LOG_RATIO,
      MAX_LOG_RATIO,
    );
    const k3 = tf.clipByValue(tf.sub(tf.sub(tf.exp(difference), difference), 1), -MAX_KL, MAX_KL);
    perToken = tf.add(perToken, tf.mul(k3, options.kl_loss_coef));
  }
  if (options.entropy_coeff !== 0) perToken = tf.sub(perToken, tf.mul(entropy, options.entropy_coeff));
  return tf.sum(tf.mul(perToken, tf.tensor1d(inputs.weights))) as tf.Scalar;
}

/**
 * Weight of each token so that the weighted sum is verl's `loss_agg_mode` over the whole mini-batch.
 * @param lengths completion lengths of the sequences of the mini-batch, in order
 * @returns one weight a sequence, the same for all its tokens
 */
export function sequenceWeights(lengths: readonly number[], mode: LossAggMode): number[] {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  switch (mode) {
    case 'token-mean':
      return lengths.map(() => 1 / tokens);
    case 'seq-mean-token-mean':
      return lengths.map((length) => 1 / (lengths.length * length));
    case 'seq-mean-token-sum':
      return lengths.map(() => 1 / lengths.length);
  }
}

/** The k3 estimate of a token's KL divergence from log p to log q (Schulman): exp(q - p) - (q - p) - 1. */
function k3(logP: number, logQ: number): number {
  const difference = Math.max(-MAX_LOG_RATIO, Math.min(MAX_LOG_RATIO, logQ - logP));
  return Math.min(MAX_KL, Math.exp(difference) - difference - 1);
}

/**
 * Sums over tokens: ratios that the clip stops below (A < 0) and above (A > 0), the k3 KL to the policy that
 * sampled, and to the reference where there is one.
 */
export function clipStatistics(
  logProbs: Float32Array,
  { oldLogProbs, advantages, referenceLogProbs }: LossInputs,
  options: LossOptions,
): { low: number; high: number; samplerKl: number; referenceKl: number } {
  const sums = { low: 0, high: 0, samplerKl: 0, referenceKl: 0 };
  logProbs.forEach((logProb, i) => {
    const ratio = Math.exp(logProb - oldLogProbs[i]);
    if (advantages[i] < 0 && ratio < 1 - options.clip_ratio_low) sums.low++;
    if (advantages[i] > 0 && ratio > 1 + options.clip_ratio_high) sums.high++;
    sums.samplerKl += k3(oldLogProbs[i], logProb);
    if (referenceLogProbs) sums.referenceKl += k3(logProb, referenceLogProbs[i]);
  });
  return sums;
}
