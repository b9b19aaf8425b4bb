import * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../policy/policy.ts';
import { forward } from '../policy/transformer.ts';
import { tokenStatistics } from '../tensor/log_probs.ts';
import { MICRO_BATCH_TOKENS, microBatches, type Sequence, tokenBatch } from './batches.ts';
import { addGradient, lossAndGradient } from './gradient.ts';
import { applyGradient, type Optimizer, type OptimizerOptions } from './optimizer.ts';

/** What a supervised step did. */
export interface SupervisedMetrics {
  /** Mean negative log-probability of the completion tokens, in nats. */
  loss: number;
  grad_norm: number;
  updates: number;
  skipped_updates: number;
  trained_tokens: number;
}

/** One optimizer step on the mean cross-entropy of all completion tokens. */
export async function supervisedUpdate(
  policy: Policy,
  optimizer: Optimizer,
  sequences: readonly Sequence[],
  lr: number,
  options: OptimizerOptions,
): Promise<SupervisedMetrics> {
  const count = sequences.reduce((sum, { completion }) => sum + completion.length, 0);
  let gradient: tf.Tensor1D | undefined;
  let loss = 0;
  let tokens = 0;
  for (const micro of microBatches(sequences, MICRO_BATCH_TOKENS)) {
    const batch = tokenBatch(micro);
    const result = lossAndGradient(policy, (weights) => {
      const { logProbs } = tokenStatistics(forward(policy, weights, batch.packed, batch.rows), batch.targets);
      return tf.mul(tf.sum(logProbs), -1 / count) as tf.Scalar;
    });
    loss += (await result.loss.data())[0];
    result.loss.dispose();
    gradient = addGradient(gradient, result.gradient);
    tokens += batch.packed.tokens.length;
  }
  gradient ??= tf.zeros([policy.parameters.size]) as tf.Tensor1D;
  const { norm, applied } = await applyGradient(policy, optimizer, gradient, lr, options);
  gradient.dispose();
  const updates = Number(applied);
  return { loss, grad_norm: norm, updates, skipped_updates: 1 - updates, trained_tokens: tokens };
}
