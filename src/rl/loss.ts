import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from '../tensor/fused.ts';
import { type KlEstimator, klEstimate, MAX_KL, MAX_LOG_RATIO } from './kl.ts';
import { LOSS_MODES, type LossAggMode, type LossMode } from './loss_modes.ts';

/** Options of the policy loss, by verl's names. */
export interface LossOptions {
  'policy_loss.loss_mode': LossMode;
  clip_ratio_low: number;
  clip_ratio_high: number;
  clip_ratio_c: number;
  use_kl_loss: boolean;
  kl_loss_coef: number;
  kl_loss_type: KlEstimator;
  entropy_coeff: number;
}

/** Per-token inputs of the loss, all of one length; the tokens of a completion stand together. */
export interface LossInputs {
  /** Log-probabilities under the policy that sampled. */
  oldLogProbs: Float32Array;
  advantages: Float32Array;
  /** Share of each token in the loss; see `sequenceWeights`. */
  weights: Float32Array;
  /** Number of tokens of each completion, in order. */
  lengths: readonly number[];
  /** Log-probabilities under the reference policy, for the KL penalty. */
  referenceLogProbs?: Float32Array;
}

/**
 * The policy loss of verl's `policy_loss.loss_mode`, plus the KL penalty and minus the entropy bonus. With the
 * token's probability ratio r and advantage A:
 *
 *     vanilla: L = max(-A r, -A clip(r, 1 - low, 1 + high));  where A < 0: min(L, -A c)     (PPO, dual clip)
 *     gspo:    the same with s = exp(mean over the completion of log r) for r               (arXiv 2507.18071)
 *     cispo:   L = -sg[clip(r, 1 - low, 1 + high)] A log p                                  (arXiv 2506.13585)
 *
 * @returns sum over tokens of weight * (L + kl_loss_coef KL - entropy_coeff entropy)
 */
export function policyLoss(
  logProbs: tf.Tensor1D,
  entropy: tf.Tensor1D,
  inputs: LossInputs,
  options: LossOptions,
): tf.Scalar {
  if (hasFused('PolicyLoss')) return fusedLoss(logProbs, entropy, inputs, options);
  const surrogate = options['policy_loss.loss_mode'] === 'cispo' ? cispo : clippedSurrogate;
  let perToken = surrogate(logProbs, inputs, options);
  if (options.use_kl_loss && inputs.referenceLogProbs) {
    const kl = klTensor(logProbs, inputs.referenceLogProbs, options.kl_loss_type);
    perToken = tf.add(perToken, tf.mul(kl, options.kl_loss_coef));
  }
  if (options.entropy_coeff !== 0) perToken = tf.sub(perToken, tf.mul(entropy, options.entropy_coeff));
  return tf.sum(tf.mul(perToken, tf.tensor1d(inputs.weights))) as tf.Scalar;
}

/** All of `policyLoss` in one kernel, and its derivatives in the same. */
function fusedLoss(
  logProbs: tf.Tensor1D,
  entropy: tf.Tensor1D,
  inputs: LossInputs,
  options: LossOptions,
): tf.Scalar {
  const { oldLogProbs, advantages, weights, lengths, referenceLogProbs } = inputs;
  const rows = oldLogProbs.length;
  const constants = new Float32Array(4 * rows);
  [oldLogProbs, advantages, weights, referenceLogProbs ?? []].forEach((values, i) => {
    constants.set(values, i * rows);
  });
  const attributes = {
    mode: LOSS_MODES.indexOf(options['policy_loss.loss_mode']),
    low: 1 - options.clip_ratio_low,
    high: 1 + options.clip_ratio_high,
    bound: options.clip_ratio_c,
    klType: Number(options.kl_loss_type.slice(1)),
    klCoef: options.use_kl_loss && referenceLogProbs ? options.kl_loss_coef : 0,
    entropyCoef: options.entropy_coeff,
    maxLogRatio: MAX_LOG_RATIO,
    maxKl: MAX_KL,
  };
  const op = tf.customGrad((a, b, save) => {
    const [loss, slopes] = runFused(
      'PolicyLoss',
      {
        logProbs: a as tf.Tensor1D,
        entropy: b as tf.Tensor1D,
        constants: tf.tensor2d(constants, [4, rows]),
        spans: tf.tensor2d(spansOf(lengths), [2, rows], 'int32'),
      },
      attributes,
    );
    (save as tf.GradSaveFunc)([slopes]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => runFused('PolicyLossGrad', { slopes: saved, dy }),
    };
  });
  return op(logProbs, entropy) as tf.Scalar;
}

/** For each token the first token of its completion, then for each the end of it. */
function spansOf(lengths: readonly number[]): Int32Array {
  const rows = lengths.reduce((a, b) => a + b, 0);
  const spans = new Int32Array(2 * rows);
  let at = 0;
  for (const length of lengths) {
    spans.fill(at, at, at + length);
    spans.fill(at + length, rows + at, rows + at + length);
    at += length;
  }
  return spans;
}

function clippedSurrogate(logProbs: tf.Tensor1D, inputs: LossInputs, options: LossOptions): tf.Tensor {
  const negative = tf.neg(tf.tensor1d(inputs.advantages));
  const logRatio = tf.sub(logProbs, tf.tensor1d(inputs.oldLogProbs));
  const isSequence = options['policy_loss.loss_mode'] === 'gspo';
  const ratio = ratioOf(isSequence ? sequenceLogRatio(logRatio, logProbs, inputs.lengths) : logRatio);
  const pessimistic = tf.maximum(tf.mul(negative, ratio), tf.mul(negative, clip(ratio, options)));
  // max(-A, 0) c bounds the loss only where A < 0; elsewhere the bound must not bind
  const bound = Float32Array.from(inputs.advantages, (a) => (a < 0 ? -a * options.clip_ratio_c : 1e30));
  return tf.minimum(pessimistic, tf.tensor1d(bound));
}

function cispo(logProbs: tf.Tensor1D, inputs: LossInputs, options: LossOptions): tf.Tensor {
  const ratio = ratioOf(tf.sub(logProbs, tf.tensor1d(inputs.oldLogProbs)));
  const negative = tf.neg(tf.tensor1d(inputs.advantages));
  return tf.mul(tf.mul(negative, stopGradient(clip(ratio, options))), logProbs);
}

/**
 * The mean log-ratio of each token's completion, whose gradient each token has as if it were its own:
 * sg[mean - log p] + log p.
 */
function sequenceLogRatio(logRatio: tf.Tensor, logProbs: tf.Tensor1D, lengths: readonly number[]): tf.Tensor {
  const members = new Float32Array(logRatio.size * lengths.length);
  let at = 0;
  lengths.forEach((length, sequence) => {
    for (let t = 0; t < length; t++) members[at++ * lengths.length + sequence] = 1;
  });
  const belongs = tf.tensor2d(members, [logRatio.size, lengths.length]);
  const offset = stopGradient(logRatio, (x) => {
    const sums = tf.matMul(belongs, tf.reshape(x, [-1, 1]), true);
    const means = tf.div(sums, tf.tensor2d([...lengths], [lengths.length, 1]));
    return tf.sub(tf.reshape(tf.matMul(belongs, means), [-1]), logProbs);
  });
  return tf.add(offset, logProbs);
}

function ratioOf(logRatio: tf.Tensor): tf.Tensor {
  return tf.exp(tf.clipByValue(logRatio, -MAX_LOG_RATIO, MAX_LOG_RATIO));
}

function clip(ratio: tf.Tensor, { clip_ratio_low, clip_ratio_high }: LossOptions): tf.Tensor {
  return tf.clipByValue(ratio, 1 - clip_ratio_low, 1 + clip_ratio_high);
}

/** f(x) as a constant: no gradient goes through it. */
function stopGradient(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor = tf.clone): tf.Tensor {
  const op = tf.customGrad((input) => ({
    value: f(input as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }));
  return op(x);
}

/** `klEstimate` from the policy to the reference, in tensors. */
function klTensor(logProbs: tf.Tensor1D, reference: Float32Array, estimator: KlEstimator): tf.Tensor {
  const difference = tf.clipByValue(tf.sub(tf.tensor1d(reference), logProbs), -MAX_LOG_RATIO, MAX_LOG_RATIO);
  switch (estimator) {
    case 'k1':
      return tf.neg(difference);
    case 'k2':
      return tf.mul(tf.square(difference), 0.5);
    case 'k3':
      return tf.clipByValue(tf.sub(tf.sub(tf.exp(difference), difference), 1), -MAX_KL, MAX_KL);
  }
}

/**
 * Weight of each token so that the weighted sum is verl's `loss_agg_mode` over the whole mini-batch.
 * `seq-mean-token-sum-norm` divides by the longest completion allowed instead of by lengths (Dr. GRPO, arXiv
 * 2503.20783; TRL's `dr_grpo`), so that long completions are not favoured.
 * @param lengths completion lengths of the sequences of the mini-batch, in order
 * @param limit longest completion allowed, in tokens
 * @returns one weight a sequence, the same for all its tokens
 */
export function sequenceWeights(lengths: readonly number[], mode: LossAggMode, limit: number): number[] {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  switch (mode) {
    case 'token-mean':
      return lengths.map(() => 1 / tokens);
    case 'seq-mean-token-mean':
      return lengths.map((length) => 1 / (lengths.length * length));
    case 'seq-mean-token-sum':
      return lengths.map(() => 1 / lengths.length);
    case 'seq-mean-token-sum-norm':
      return lengths.map(() => 1 / (lengths.length * limit));
  }
}

/**
 * Sums over tokens: ratios that the clip stops below (A < 0) and above (A > 0; `cispo`: whatever the sign), the
 * k3 KL to the policy that sampled, and the KL of `kl_loss_type` to the reference where there is one.
 */
export function clipStatistics(
  logProbs: Float32Array,
  { oldLogProbs, advantages, lengths, referenceLogProbs }: LossInputs,
  options: LossOptions,
): { low: number; high: number; samplerKl: number; referenceKl: number } {
  const sums = { low: 0, high: 0, samplerKl: 0, referenceKl: 0 };
  const mode = options['policy_loss.loss_mode'];
  const either = mode === 'cispo';
  let at = 0;
  for (const length of lengths) {
    const logRatios = Array.from({ length }, (_, t) => logProbs[at + t] - oldLogProbs[at + t]);
    const mean = logRatios.reduce((a, b) => a + b, 0) / length;
    for (const logRatio of logRatios) {
      const ratio = Math.exp(mode === 'gspo' ? mean : logRatio);
      if ((either || advantages[at] < 0) && ratio < 1 - options.clip_ratio_low) sums.low++;
      if ((either || advantages[at] > 0) && ratio > 1 + options.clip_ratio_high) sums.high++;
      sums.samplerKl += klEstimate(oldLogProbs[at], logProbs[at], 'k3');
      if (referenceLogProbs)
        sums.referenceKl += klEstimate(logProbs[at], referenceLogProbs[at], options.kl_loss_type);
      at++;
    }
  }
  return sums;
}
