import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/** x [N, in] times w [in, out], plus a residual [N, out] where one is given. */
export function linear(x: tf.Tensor2D, w: tf.Tensor2D, residual?: tf.Tensor2D): tf.Tensor2D {
  if (!residual) return multiply(x, w, false);
  return hasFused('LinearMatMulAdd') ? multiplyAdd(x, w, residual) : tf.add(residual, multiply(x, w, false));
}

/** x [N, d] times the transpose of a table [V, d]: logits of tied embeddings. */
export function linearTransposed(x: tf.Tensor2D, table: tf.Tensor2D): tf.Tensor2D {
  return multiply(x, table, true);
}

/** y = x b, or x b^T: then dx = dy b^T, or dy b, and db = x^T dy, or dy^T x. */
function multiply(x: tf.Tensor2D, b: tf.Tensor2D, transposed: boolean): tf.Tensor2D {
  if (!hasFused('LinearMatMul')) return tf.matMul(x, b, false, transposed);
  const op = tf.customGrad((first, second, save) => {
    const inputs = [first as tf.Tensor2D, second as tf.Tensor2D];
    (save as tf.GradSaveFunc)(inputs);
    return {
      value: product(inputs[0], inputs[1], false, transposed),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        product(dy, saved[1], false, !transposed),
        transposed ? product(dy, saved[0], true, false) : product(saved[0], dy, true, false),
      ],
    };
  });
  return op(x, b) as tf.Tensor2D;
}

/** y = residual + x b. */
function multiplyAdd(x: tf.Tensor2D, b: tf.Tensor2D, residual: tf.Tensor2D): tf.Tensor2D {
  const op = tf.customGrad((first, second, third, save) => {
    const inputs = { a: first as tf.Tensor, b: second as tf.Tensor, residual: third as tf.Tensor };
    (save as tf.GradSaveFunc)([inputs.a, inputs.b]);
    return {
      value: runFused('LinearMatMulAdd', inputs)[0],
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        product(dy, saved[1], false, true),
        product(saved[0], dy, true, false),
        tf.clone(dy),
      ],
    };
  });
  return op(x, b, residual) as tf.Tensor2D;
}

function product(a: tf.Tensor, b: tf.Tensor, transposeA: boolean, transposeB: boolean): tf.Tensor2D {
  return runFused('LinearMatMul', { a, b }, { transposeA, transposeB })[0] as tf.Tensor2D;
}
