import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/**
 * SwiGLU (arXiv 2002.05202): silu(gate) * up.
 * @param x [N, 2 f]: gate, then up; f a multiple of 4
 * @returns [N, f]
 */
export function swiglu(x: tf.Tensor2D): tf.Tensor2D {
  if (!hasFused('SwiGlu')) return compose(x);
  const op = tf.customGrad((a, save) => {
    (save as tf.GradSaveFunc)([a as tf.Tensor]);
    return {
      value: runFused('SwiGlu', { x: a as tf.Tensor })[0],
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => runFused('SwiGluGrad', { x: saved[0], dy })[0],
    };
  });
  return op(x) as tf.Tensor2D;
}

function compose(x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [gate, up] = tf.split(x, 2, 1);
    return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up) as tf.Tensor2D;
  });
}
