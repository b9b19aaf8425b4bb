import * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../policy/policy.ts';
import { hiddenAt, weightsOf } from '../policy/transformer.ts';
import {
  type AdamWMemory,
  type AdamWState,
  adamwState,
  adamwUpdate,
  gradientNorm,
  restoreAdamW,
  saveAdamW,
} from '../tensor/adamw.ts';
import { random } from '../tensor/random.ts';
import { MICRO_BATCH_TOKENS, microBatches, type Sequence, tokenBatch } from './batches.ts';
import { cutByCompletion } from './log_probs.ts';

/** Options of the critic, by verl's names. */
export interface CriticOptions {
  seed: number;
  'critic.lr': number;
  'critic.ppo_epochs': number;
  cliprange_value: number;
  grad_clip: number;
}

/**
 * A value function on the policy's trunk: from the hidden state that predicts a token, through one hidden layer,
 * to the expected return. Its gradient stops at the trunk, so the policy learns from the policy loss alone.
 */
export interface Critic {
  /** Flat: first layer [hidden, hidden], its biases, the output's weights and bias. */
  parameters: tf.Tensor1D;
  state: AdamWState;
}

/** A critic off the device, for a checkpoint. */
export interface CriticMemory extends AdamWMemory {
  parameters: Float32Array;
}

/** Reads a critic from the device. */
export async function saveCritic({ parameters, state }: Critic): Promise<CriticMemory> {
  return { ...(await saveAdamW(state)), parameters: (await parameters.data()) as Float32Array };
}

/** A fresh critic, which values everything at 0, or one that goes on where another was. */
export function createCritic(policy: Policy, seed: number, memory?: CriticMemory): Critic {
  if (memory) return { parameters: tf.tensor1d(memory.parameters), state: restoreAdamW(memory) };
  const width = policy.config.hidden_size;
  const values = new Float32Array(width * width + 2 * width + 1);
  const source = random(seed, 0xc417);
  for (let i = 0; i < width * width; i++) values[i] = (2 * source.uniform() - 1) / Math.sqrt(width);
  return { parameters: tf.tensor1d(values), state: adamwState(values.length) };
}

/** Frees the critic's tensors. */
export function disposeCritic({ parameters, state }: Critic): void {
  tf.dispose([parameters, state.first, state.second]);
}

/** The value before each token of the completions, one array a completion. */
export async function criticValues(
  policy: Policy,
  critic: Critic,
  sequences: readonly Sequence[],
): Promise<Float32Array[]> {
  const values: Float32Array[] = [];
  for (const micro of microBatches(sequences, MICRO_BATCH_TOKENS)) {
    const flat = tf.tidy(() => valuesOf(critic.parameters, hiddenOf(policy, micro)));
    values.push(...cutByCompletion((await flat.data()) as Float32Array, micro));
    flat.dispose();
  }
  return values;
}

/**
 * Fits the critic to the returns: mean over tokens of
 * 1/2 max((V - R)^2, (clip(V, V_old - cliprange_value, V_old + cliprange_value) - R)^2)   (verl; PPO2).
 * @param oldValues what the critic said before, as from {@link criticValues}
 * @returns the mean loss, and the share of the returns' variance that the old values explained
 */
export async function updateCritic(
  policy: Policy,
  critic: Critic,
  sequences: readonly Sequence[],
  oldValues: readonly ArrayLike<number>[],
  returns: readonly ArrayLike<number>[],
  options: CriticOptions,
): Promise<{ 'critic/vf_loss': number; 'critic/vf_explained_var': number }> {
  const members = sequences.map((sequence, i) => ({ ...sequence, old: oldValues[i], returns: returns[i] }));
  const count = sequences.reduce((sum, { completion }) => sum + completion.length, 0);
  let total = 0;
  for (let epoch = 0; epoch < options['critic.ppo_epochs']; epoch++) {
    let gradient: tf.Tensor1D = tf.zeros([critic.parameters.size]);
    for (const micro of microBatches(members, MICRO_BATCH_TOKENS)) {
      const { loss, sum } = tf.tidy(() => {
        const hidden = hiddenOf(policy, micro);
        const [old, goal] = [flatten(micro.map((one) => one.old)), flatten(micro.map((one) => one.returns))];
        const { value, grad } = tf.valueAndGrad((parameters: tf.Tensor) =>
          valueLoss(valuesOf(parameters as tf.Tensor1D, hidden), old, goal, options.cliprange_value, count),
        )(critic.parameters);
        return { loss: value as tf.Scalar, sum: tf.add(gradient, grad) as tf.Tensor1D };
      });
      total += (await loss.data())[0];
      tf.dispose([gradient, loss]);
      gradient = sum;
    }
    const norm = await gradientNorm(gradient);
    if (Number.isFinite(norm)) applyCriticGradient(critic, gradient, norm, options);
    gradient.dispose();
  }
  return {
    'critic/vf_loss': total / options['critic.ppo_epochs'],
    'critic/vf_explained_var': explainedVariance(oldValues.flatMap(list), returns.flatMap(list)),
  };
}

/** 1 - Var(returns - values) / Var(returns); 0 where the returns do not vary. */
export function explainedVariance(values: readonly number[], returns: readonly number[]): number {
  const total = variance(returns);
  return total === 0 ? 0 : 1 - variance(returns.map((value, i) => value - values[i])) / total;
}

function applyCriticGradient(
  critic: Critic,
  gradient: tf.Tensor1D,
  norm: number,
  options: CriticOptions,
): void {
  const scale = Math.min(1, options.grad_clip / (norm + 1e-6));
  const noDecay = tf.zeros([gradient.size]) as tf.Tensor1D;
  critic.parameters = adamwUpdate(critic.parameters, gradient, scale, noDecay, critic.state, {
    lr: options['critic.lr'],
    beta1: 0.9,
    beta2: 0.999,
    weight_decay: 0,
    epsilon: 1e-8,
  });
  noDecay.dispose();
}

function hiddenOf(policy: Policy, sequences: readonly Sequence[]): tf.Tensor2D {
  const batch = tokenBatch(sequences);
  return hiddenAt(policy, weightsOf(policy.parameters, policy.config), batch.packed, batch.rows);
}

function valuesOf(parameters: tf.Tensor1D, hidden: tf.Tensor2D): tf.Tensor1D {
  const width = hidden.shape[1];
  const [first, bias, out, offset] = tf.split(parameters, [width * width, width, width, 1]);
  const inner = tf.relu(tf.add(tf.matMul(hidden, tf.reshape(first, [width, width])), bias));
  return tf.add(tf.reshape(tf.matMul(inner, tf.reshape(out, [width, 1])), [-1]), offset) as tf.Tensor1D;
}

function valueLoss(
  values: tf.Tensor1D,
  old: tf.Tensor1D,
  returns: tf.Tensor1D,
  range: number,
  count: number,
): tf.Scalar {
  const clipped = tf.add(old, tf.clipByValue(tf.sub(values, old), -range, range));
  const worse = tf.maximum(tf.square(tf.sub(values, returns)), tf.square(tf.sub(clipped, returns)));
  return tf.mul(tf.sum(worse), 0.5 / count) as tf.Scalar;
}

function flatten(arrays: readonly ArrayLike<number>[]): tf.Tensor1D {
  return tf.tensor1d(arrays.flatMap(list));
}

const list = (values: ArrayLike<number>): number[] => Array.from(values);

function variance(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
