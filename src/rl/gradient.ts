import * as tf from '@tensorflow/tfjs-core';
import { layoutOf } from '../policy/config.ts';
import type { Policy } from '../policy/policy.ts';
import { nameWeights, type Weights } from '../policy/transformer.ts';
import { cut, join } from '../tensor/flat.ts';

/**
 * Loss and flat gradient of a scalar function of the weights.
 * @returns the loss as a scalar tensor and the gradient as one buffer, [parameterCount]; the caller disposes both
 */
export function lossAndGradient(
  policy: Policy,
  loss: (weights: Weights) => tf.Scalar,
): { loss: tf.Scalar; gradient: tf.Tensor1D } {
  return tf.tidy(() => {
    const sizes = layoutOf(policy.config).map((spec) => spec.size);
    const pieces = cut(policy.parameters, sizes);
    const evaluate = tf.valueAndGrads((...weights: tf.Tensor[]) => loss(nameWeights(weights, policy.config)));
    const { value, grads } = evaluate(pieces);
    return { loss: value as tf.Scalar, gradient: join(grads as tf.Tensor1D[]) };
  });
}

/** The sum of two gradients, which it disposes; the first of a sum is taken as it is. */
export function addGradient(sum: tf.Tensor1D | undefined, next: tf.Tensor1D): tf.Tensor1D {
  if (!sum) return next;
  const result = tf.add(sum, next) as tf.Tensor1D;
  tf.dispose([sum, next]);
  return result;
}
