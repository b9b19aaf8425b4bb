import * as tf from '@tensorflow/tfjs-core';
import { rotaryTables } from '../tensor/attention.ts';
import { random } from '../tensor/random.ts';
import { checkPolicyConfig, layoutOf, type PolicyConfig, parameterCount } from './config.ts';

/** A policy: its shape, and all its weights in one flat buffer on the device. */
export interface Policy {
  config: PolicyConfig;
  /** [parameterCount]; replaced by the optimizer. */
  parameters: tf.Tensor1D;
  rotary: { cos: tf.Tensor2D; sin: tf.Tensor2D };
}

/** A policy with the given flat weights. */
export function createPolicy(config: PolicyConfig, weights: Float32Array): Policy {
  checkPolicyConfig(config);
  const count = parameterCount(config);
  if (weights.length !== count) {
    throw new Error(`createPolicy(): got ${weights.length} weights for a shape of ${count} parameters`);
  }
  const headSize = config.hidden_size / config.num_attention_heads;
  return {
    config,
    parameters: tf.tensor1d(weights),
    rotary: rotaryTables(config.max_position_embeddings, headSize, config.rope_theta),
  };
}

/** Fresh weights: gains 1, the rest normal; layers that add to the residual stream start smaller (GPT-2). */
export function initialWeights(config: PolicyConfig, seed: number): Float32Array {
  checkPolicyConfig(config);
  const weights = new Float32Array(parameterCount(config));
  layoutOf(config).forEach((spec, index) => {
    const target = weights.subarray(spec.offset, spec.offset + spec.size);
    if (spec.shape.length === 1) {
      target.fill(1);
      return;
    }
    const residual = spec.name.endsWith('attention_out') || spec.name.endsWith('down');
    const deviation = spec.name === 'embedding' ? 0.05 : 1 / Math.sqrt(3 * spec.shape[0]);
    fillNormal(
      target,
      seed,
      index,
      residual ? deviation / Math.sqrt(2 * config.num_hidden_layers) : deviation,
    );
  });
  return weights;
}

/** Box-Muller, two normals from two uniforms. */
function fillNormal(target: Float32Array, seed: number, stream: number, deviation: number): void {
  const source = random(seed, 0x1417, stream);
  for (let i = 0; i < target.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - source.uniform()));
    const angle = 2 * Math.PI * source.uniform();
    target[i] = radius * Math.cos(angle);
    if (i + 1 < target.length) target[i + 1] = radius * Math.sin(angle);
  }
}

/** Frees what the policy holds on the device. */
export function disposePolicy(policy: Policy): void {
  tf.dispose([policy.parameters, policy.rotary.cos, policy.rotary.sin]);
}
