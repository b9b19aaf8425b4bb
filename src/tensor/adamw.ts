import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/** AdamW (arXiv 1711.05101) hyper-parameters, named as in the configuration. */
export interface AdamWOptions {
  lr: number;
  beta1: number;
  beta2: number;
  weight_decay: number;
  epsilon: number;
}

/** Moments over the flat parameter buffer, and the number of updates made. */
export interface AdamWState {
  first: tf.Tensor1D;
  second: tf.Tensor1D;
  updates: number;
}

/** Fresh moments for `count` parameters. */
export function adamwState(count: number): AdamWState {
  return { first: tf.zeros([count]), second: tf.zeros([count]), updates: 0 };
}

/** An optimizer's state off the device, for a checkpoint. */
export interface AdamWMemory {
  first: Float32Array;
  second: Float32Array;
  updates: number;
}

/** Reads a state from the device. */
export async function saveAdamW({ first, second, updates }: AdamWState): Promise<AdamWMemory> {
  const [a, b] = (await Promise.all([first.data(), second.data()])) as Float32Array[];
  return { first: a, second: b, updates };
}

/** Puts a saved state back on the device. */
export function restoreAdamW({ first, second, updates }: AdamWMemory): AdamWState {
  return { first: tf.tensor1d(first), second: tf.tensor1d(second), updates };
}

/**
 * One update of all parameters at once; disposes the tensors that it replaces.
 * @param parameters [P] flat
 * @param gradient [P] flat, multiplied by `scale` first (gradient clipping)
 * @param decay [P] 1 where weight decay applies, else 0
 */
export function adamwUpdate(
  parameters: tf.Tensor1D,
  gradient: tf.Tensor1D,
  scale: number,
  decay: tf.Tensor1D,
  state: AdamWState,
  options: AdamWOptions,
): tf.Tensor1D {
  state.updates++;
  const correction2 = Math.sqrt(1 - options.beta2 ** state.updates);
  const rate = (options.lr * correction2) / (1 - options.beta1 ** state.updates);
  const attributes = {
    scale,
    rate,
    epsilon: options.epsilon * correction2,
    beta1: options.beta1,
    beta2: options.beta2,
    shrink: options.lr * options.weight_decay,
  };
  const { first, second } = state;
  const [next, nextFirst, nextSecond] = hasFused('AdamW')
    ? runFused('AdamW', { parameters, gradient, first, second, decay }, attributes)
    : compose(parameters, gradient, first, second, decay, attributes);
  tf.dispose([parameters, first, second]);
  state.first = nextFirst as tf.Tensor1D;
  state.second = nextSecond as tf.Tensor1D;
  return next as tf.Tensor1D;
}

interface Step {
  scale: number;
  rate: number;
  epsilon: number;
  beta1: number;
  beta2: number;
  shrink: number;
}

function compose(
  parameters: tf.Tensor1D,
  gradient: tf.Tensor1D,
  first: tf.Tensor1D,
  second: tf.Tensor1D,
  decay: tf.Tensor1D,
  step: Step,
): tf.Tensor[] {
  return tf.tidy(() => {
    const g = tf.mul(gradient, step.scale);
    const m = tf.add(tf.mul(first, step.beta1), tf.mul(g, 1 - step.beta1));
    const v = tf.add(tf.mul(second, step.beta2), tf.mul(tf.square(g), 1 - step.beta2));
    const move = tf.div(tf.mul(m, step.rate), tf.add(tf.sqrt(v), step.epsilon));
    const kept = tf.sub(parameters, tf.mul(tf.mul(parameters, decay), step.shrink));
    return [tf.sub(kept, move), m, v];
  });
}

/** The Euclidean norm of a flat gradient; NaN or Infinity when any entry is not finite. */
export async function gradientNorm(gradient: tf.Tensor1D): Promise<number> {
  const squares = tf.tidy(() =>
    hasFused('SumOfSquares') ? runFused('SumOfSquares', { x: gradient })[0] : tf.sum(tf.square(gradient)),
  );
  const [sum] = await squares.data();
  squares.dispose();
  return Math.sqrt(sum);
}
