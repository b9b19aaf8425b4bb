import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/**
 * RMSNorm (arXiv 1910.07467) of each row: x / sqrt(mean(x^2) + epsilon) * gain.
 * @param x [N, d], d a multiple of 4
 * @param gain [d]
 */
export function rmsNorm(x: tf.Tensor2D, gain: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  if (!hasFused('RmsNorm')) return compose(x, gain, epsilon);
  const op = tf.customGrad((a, b, save) => {
    const [input, scale] = [a as tf.Tensor2D, b as tf.Tensor1D];
    const [y, inverse] = runFused('RmsNorm', { x: input, gain: scale }, { epsilon });
    (save as tf.GradSaveFunc)([input, scale, inverse]);
    return {
      value: y,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        runFused('RmsNormGrad', { x: saved[0], gain: saved[1], inverse: saved[2], dy }),
    };
  });
  return op(x, gain) as tf.Tensor2D;
}

function compose(x: tf.Tensor2D, gain: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return tf.tidy(() => {
    const meanSquare = tf.mean(tf.square(x), 1, true);
    return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), gain);
  });
}
