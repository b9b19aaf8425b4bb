import * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../policy/policy.ts';
import { forward, weightsOf } from '../policy/transformer.ts';
import { tokenStatistics } from '../tensor/log_probs.ts';
import { MICRO_BATCH_TOKENS, microBatches, type Sequence, tokenBatch } from './batches.ts';

/** Log-probabilities of completions under given parameters, one after another in one array. */
export async function logProbsOf(
  policy: Policy,
  parameters: tf.Tensor1D,
  sequences: readonly Sequence[],
): Promise<Float32Array> {
  const batch = tokenBatch(sequences);
  const logProbs = tf.tidy(() => {
    const weights = weightsOf(parameters, policy.config);
    return tokenStatistics(forward(policy, weights, batch.packed, batch.rows), batch.targets).logProbs;
  });
  const values = (await logProbs.data()) as Float32Array;
  logProbs.dispose();
  return values;
}

/** The same, one array a completion, in micro-batches. */
export async function logProbsEach(
  policy: Policy,
  parameters: tf.Tensor1D,
  sequences: readonly Sequence[],
): Promise<Float32Array[]> {
  const each: Float32Array[] = [];
  for (const micro of microBatches(sequences, MICRO_BATCH_TOKENS)) {
    each.push(...cutByCompletion(await logProbsOf(policy, parameters, micro), micro));
  }
  return each;
}

/** Cuts per-token numbers of packed completions into one array a completion. */
export function cutByCompletion(flat: Float32Array, sequences: readonly Sequence[]): Float32Array[] {
  let at = 0;
  return sequences.map(({ completion }) => {
    at += completion.length;
    return flat.slice(at - completion.length, at);
  });
}
