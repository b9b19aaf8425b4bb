import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/** Log-probabilities of given tokens and entropies of their distributions, both in nats, both [N]. */
export interface TokenStatistics {
  logProbs: tf.Tensor1D;
  entropy: tf.Tensor1D;
}

/**
 * log softmax(logits)[i, targets[i]] and -sum p log p for each row, differentiable in both.
 * @param logits [N, V]
 * @param targets N token numbers
 */
export function tokenStatistics(logits: tf.Tensor2D, targets: Int32Array): TokenStatistics {
  const rows = targets.length;
  if (!hasFused('LogProbs')) return compose(logits, targets);
  const op = tf.customGrad((a, save) => {
    const input = a as tf.Tensor2D;
    const index = tf.tensor1d(targets, 'int32');
    const [out] = runFused('LogProbs', { logits: input, targets: index });
    (save as tf.GradSaveFunc)([input, index, out]);
    return {
      value: out,
      gradFunc: (dout: tf.Tensor, saved: tf.Tensor[]) =>
        runFused('LogProbsGrad', { logits: saved[0], targets: saved[1], out: saved[2], dout })[0],
    };
  });
  const out = op(logits) as tf.Tensor2D;
  return {
    logProbs: tf.reshape(tf.slice(out, [0, 0], [1, rows]), [rows]),
    entropy: tf.reshape(tf.slice(out, [1, 0], [1, rows]), [rows]),
  };
}

function compose(logits: tf.Tensor2D, targets: Int32Array): TokenStatistics {
  const all = tf.logSoftmax(logits, 1);
  const choice = tf.oneHot(tf.tensor1d(targets, 'int32'), logits.shape[1], 1, 0, 'float32');
  return {
    logProbs: tf.sum(tf.mul(all, choice), 1),
    entropy: tf.neg(tf.sum(tf.mul(tf.exp(all), all), 1)),
  };
}
