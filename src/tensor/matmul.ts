import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/** x [N, in] times w [in, out]. */
export function linear(x: tf.Tensor2D, w: tf.Tensor2D): tf.Tensor2D {
  if (!hasFused('LinearMatMul')) return tf.matMul(x, w);
  const op = tf.customGrad((a, b, save) => {
    const [input, weight] = [a as tf.Tensor2D, b as tf.Tensor2D];
    (save as tf.GradSaveFunc)([input, weight]);
    return {
      value: product(input, weight, false, false),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        product(dy as tf.Tensor2D, saved[1] as tf.Tensor2D, false, true),
        product(saved[0] as tf.Tensor2D, dy as tf.Tensor2D, true, false),
      ],
    };
  });
  return op(x, w) as tf.Tensor2D;
}

/** x [N, d] times the transpose of a table [V, d]: logits of tied embeddings. */
export function linearTransposed(x: tf.Tensor2D, table: tf.Tensor2D): tf.Tensor2D {
  if (!hasFused('LinearMatMul')) return tf.matMul(x, table, false, true);
  const op = tf.customGrad((a, b, save) => {
    const [input, weight] = [a as tf.Tensor2D, b as tf.Tensor2D];
    (save as tf.GradSaveFunc)([input, weight]);
    return {
      value: product(input, weight, false, true),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        product(dy as tf.Tensor2D, saved[1] as tf.Tensor2D, false, false),
        product(dy as tf.Tensor2D, saved[0] as tf.Tensor2D, true, false),
      ],
    };
  });
  return op(x, table) as tf.Tensor2D;
}

function product(a: tf.Tensor2D, b: tf.Tensor2D, transposeA: boolean, transposeB: boolean): tf.Tensor2D {
  return runFused('LinearMatMul', { a, b }, { transposeA, transposeB })[0] as tf.Tensor2D;
}
