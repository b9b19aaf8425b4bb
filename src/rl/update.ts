import * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../policy/policy.ts';
import { forward } from '../policy/transformer.ts';
import { tokenStatistics } from '../tensor/log_probs.ts';
import { random } from '../tensor/random.ts';
import { MICRO_BATCH_TOKENS, microBatches, type Sequence, tokenBatch } from './batches.ts';
import { addGradient, lossAndGradient } from './gradient.ts';
import { logProbsOf } from './log_probs.ts';
import { clipStatistics, type LossInputs, type LossOptions, policyLoss, sequenceWeights } from './loss.ts';
import type { LossAggMode } from './loss_modes.ts';
import { applyGradient, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** One completion to learn from. */
export interface Experience extends Sequence {
  oldLogProbs: readonly number[];
  /** One a token. */
  advantages: readonly number[];
}

/** Options of the update, by verl's names. */
export interface UpdateOptions extends LossOptions, OptimizerOptions {
  loss_agg_mode: LossAggMode;
  /** Longest completion, in tokens. */
  'rollout.max_new_tokens': number;
  ppo_mini_batches: number;
  ppo_epochs: number;
}

/** What an update did; names as in TRL. */
export interface UpdateMetrics {
  loss: number;
  grad_norm: number;
  /** Over the tokens that were learned from (those with an advantage); absent when there was none. */
  entropy?: number;
  /** k3 KL to the policy that sampled, over the same tokens (verl's name). */
  ppo_kl?: number;
  /** KL to the reference policy (`kl_loss_type`), with `use_kl_loss`. */
  kl?: number;
  'clip_ratio/low_mean': number;
  'clip_ratio/high_mean': number;
  /** Between log-probabilities at sampling and at training, before the first optimizer step. */
  'sampling/sampling_logp_difference/max': number;
  'sampling/sampling_logp_difference/mean': number;
  /** Optimizer updates made, and those left out because the gradient was not finite. */
  updates: number;
  skipped_updates: number;
  /** Tokens that went through forward and backward. */
  trained_tokens: number;
  /** Share of the positions computed there that held no token: 0 while sequences are packed end to end. */
  padding_fraction: number;
}

/**
 * Learns from one batch of groups: `ppo_epochs` passes of `ppo_mini_batches` optimizer steps.
 * Groups stay together in a mini-batch. Tokens without gradient (advantage 0, no KL, no entropy bonus) count
 * in the mean but are not computed.
 * @param lr learning rate of each optimizer step, by its number within this call
 * @param reference parameters of the policy that the KL penalty pulls to
 */
export async function updatePolicy(
  policy: Policy,
  optimizer: Optimizer,
  groups: readonly (readonly Experience[])[],
  lr: (optimizerStep: number) => number,
  options: UpdateOptions,
  draws: { seed: number; step: number },
  reference?: tf.Tensor1D,
): Promise<UpdateMetrics> {
  const totals = {
    loss: 0,
    norm: 0,
    entropy: 0,
    samplerKl: 0,
    referenceKl: 0,
    low: 0,
    high: 0,
    tokens: 0,
    allTokens: 0,
    skipped: 0,
    updates: 0,
    worst: 0,
    meanDifference: 0,
    trained: 0,
    computed: 0,
  };
  for (let epoch = 0; epoch < options.ppo_epochs; epoch++) {
    const order = random(draws.seed, 0x0b47, draws.step, epoch).shuffle(groups.map((_, i) => i));
    const batches = Math.min(options.ppo_mini_batches, order.length);
    for (let batch = 0; batch < batches; batch++) {
      const bound = (k: number) => Math.ceil((k * order.length) / batches);
      const members = order.slice(bound(batch), bound(batch + 1)).flatMap((i) => groups[i]);
      const isFirst = epoch === 0 && batch === 0;
      const result = await miniBatch(policy, members, options, reference);
      const { norm, applied } = await applyGradient(
        policy,
        optimizer,
        result.gradient,
        lr(totals.updates),
        options,
      );
      result.gradient.dispose();
      totals.updates++;
      totals.loss += result.loss;
      totals.norm += norm;
      totals.entropy += result.entropy;
      totals.samplerKl += result.samplerKl;
      totals.referenceKl += result.referenceKl;
      totals.allTokens += members.reduce((sum, { completion }) => sum + completion.length, 0);
      totals.low += result.low;
      totals.high += result.high;
      totals.tokens += result.measuredTokens;
      totals.trained += result.trainedTokens;
      totals.computed += result.computedPositions;
      totals.skipped += applied ? 0 : 1;
      if (isFirst) {
        totals.worst = result.worstDifference;
        totals.meanDifference = result.differences / Math.max(1, result.measuredTokens);
      }
    }
  }
  const perToken = (sum: number) => sum / totals.tokens;
  return {
    loss: totals.loss / Math.max(1, totals.updates),
    grad_norm: totals.norm / Math.max(1, totals.updates),
    ...(totals.tokens > 0 && { entropy: perToken(totals.entropy), ppo_kl: perToken(totals.samplerKl) }),
    ...(totals.tokens > 0 && reference && options.use_kl_loss && { kl: perToken(totals.referenceKl) }),
    'clip_ratio/low_mean': totals.low / Math.max(1, totals.allTokens),
    'clip_ratio/high_mean': totals.high / Math.max(1, totals.allTokens),
    'sampling/sampling_logp_difference/max': totals.worst,
    'sampling/sampling_logp_difference/mean': totals.meanDifference,
    skipped_updates: totals.skipped,
    updates: totals.updates - totals.skipped,
    trained_tokens: totals.trained,
    padding_fraction: totals.computed === 0 ? 0 : 1 - totals.trained / totals.computed,
  };
}

async function miniBatch(
  policy: Policy,
  members: readonly Experience[],
  options: UpdateOptions,
  reference: tf.Tensor1D | undefined,
) {
  const weights = sequenceWeights(
    members.map(({ completion }) => completion.length),
    options.loss_agg_mode,
    options['rollout.max_new_tokens'],
  );
  const needsAll = options.entropy_coeff !== 0 || (options.use_kl_loss && reference !== undefined);
  const active = members
    .map((member, i) => ({ ...member, weight: weights[i] }))
    .filter(({ advantages }) => needsAll || advantages.some((advantage) => advantage !== 0));
  let gradient: tf.Tensor1D | undefined;
  const sums = {
    loss: 0,
    entropy: 0,
    samplerKl: 0,
    referenceKl: 0,
    low: 0,
    high: 0,
    measuredTokens: 0,
    trainedTokens: 0,
    computedPositions: 0,
    worstDifference: 0,
    differences: 0,
  };
  for (const micro of microBatches(active, MICRO_BATCH_TOKENS)) {
    const batch = tokenBatch(micro);
    const inputs = lossInputs(micro);
    if (needsAll && reference) inputs.referenceLogProbs = await logProbsOf(policy, reference, micro);
    const kept: tf.Tensor[] = [];
    const result = lossAndGradient(policy, (w) => {
      const { logProbs, entropy } = tokenStatistics(
        forward(policy, w, batch.packed, batch.rows),
        batch.targets,
      );
      kept.push(tf.keep(tf.clone(logProbs)), tf.keep(tf.clone(entropy)));
      return policyLoss(logProbs, entropy, inputs, options);
    });
    const [logProbs, entropy] = (await Promise.all(kept.map((x) => x.data()))) as Float32Array[];
    sums.loss += (await result.loss.data())[0];
    tf.dispose([result.loss, kept]);
    gradient = addGradient(gradient, result.gradient);
    const clip = clipStatistics(logProbs, inputs, options);
    sums.samplerKl += clip.samplerKl;
    sums.referenceKl += clip.referenceKl;
    sums.low += clip.low;
    sums.high += clip.high;
    for (let i = 0; i < logProbs.length; i++) {
      sums.entropy += entropy[i];
      const difference = Math.abs(logProbs[i] - inputs.oldLogProbs[i]);
      sums.worstDifference = Math.max(sums.worstDifference, difference);
      sums.differences += difference;
    }
    sums.measuredTokens += logProbs.length;
    // The last token of a completion is predicted, not read.
    sums.trainedTokens += micro.reduce((sum, one) => sum + one.prompt.length + one.completion.length - 1, 0);
    sums.computedPositions += batch.packed.tokens.length;
  }
  gradient ??= tf.zeros([policy.parameters.size]) as tf.Tensor1D;
  return { gradient, ...sums };
}

function lossInputs(members: readonly (Experience & { weight: number })[]): LossInputs {
  const flat = (value: (member: Experience & { weight: number }, i: number) => number) =>
    Float32Array.from(members.flatMap((member) => member.completion.map((_, i) => value(member, i))));
  return {
    oldLogProbs: flat((member, i) => member.oldLogProbs[i]),
    advantages: flat((member, i) => member.advantages[i]),
    weights: flat((member) => member.weight),
    lengths: members.map(({ completion }) => completion.length),
  };
}
