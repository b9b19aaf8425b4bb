import * as tf from '@tensorflow/tfjs-core';
import { layoutOf } from '../policy/config.ts';
import type { Policy } from '../policy/policy.ts';
import {
  type AdamWMemory,
  type AdamWState,
  adamwState,
  adamwUpdate,
  gradientNorm,
  restoreAdamW,
} from '../tensor/adamw.ts';

/** Options of the optimizer, as in the configuration. */
export interface OptimizerOptions {
  beta1: number;
  beta2: number;
  weight_decay: number;
  grad_clip: number;
}

/** Moments and the decay mask of one policy's optimizer. */
export interface Optimizer {
  state: AdamWState;
  decay: tf.Tensor1D;
}

/** A fresh optimizer, or one that goes on where another was. */
export function createOptimizer(policy: Policy, memory?: AdamWMemory): Optimizer {
  const mask = new Float32Array(policy.parameters.size);
  for (const spec of layoutOf(policy.config)) {
    if (spec.decay) mask.fill(1, spec.offset, spec.offset + spec.size);
  }
  return { state: memory ? restoreAdamW(memory) : adamwState(mask.length), decay: tf.tensor1d(mask) };
}

/** Frees the optimizer's tensors. */
export function disposeOptimizer({ state, decay }: Optimizer): void {
  tf.dispose([state.first, state.second, decay]);
}

/**
 * Clips the gradient to `grad_clip` and makes one AdamW update, in place of the policy's parameters;
 * a gradient that is not finite changes nothing.
 * @returns the norm before clipping, and whether the update was made
 */
export async function applyGradient(
  policy: Policy,
  optimizer: Optimizer,
  gradient: tf.Tensor1D,
  lr: number,
  options: OptimizerOptions,
): Promise<{ norm: number; applied: boolean }> {
  const norm = await gradientNorm(gradient);
  if (!Number.isFinite(norm)) return { norm, applied: false };
  const scale = Math.min(1, options.grad_clip / (norm + 1e-6));
  const { beta1, beta2, weight_decay } = options;
  policy.parameters = adamwUpdate(policy.parameters, gradient, scale, optimizer.decay, optimizer.state, {
    lr,
    beta1,
    beta2,
    weight_decay,
    epsilon: 1e-8,
  });
  return { norm, applied: true };
}
