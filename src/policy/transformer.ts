import * as tf from '@tensorflow/tfjs-core';
import { type AttentionShape, attention } from '../tensor/attention.ts';
import { cut } from '../tensor/flat.ts';
import { linear, linearTransposed } from '../tensor/matmul.ts';
import { longest, type Packed } from '../tensor/packed.ts';
import { rmsNorm } from '../tensor/rms_norm.ts';
import { gatherRows } from '../tensor/rows.ts';
import { swiglu } from '../tensor/swiglu.ts';
import { layoutOf, type PolicyConfig } from './config.ts';
import type { Policy } from './policy.ts';

/** The weights by name, as views of the flat buffer. */
export type Weights = Record<string, tf.Tensor>;

/** How a layer mixes positions: over packed sequences in training, through a cache in sampling. */
export type Mixer = (layer: number, qkv: tf.Tensor2D) => tf.Tensor2D;

/** Cuts the flat buffer into named weights. */
export function weightsOf(parameters: tf.Tensor1D, config: PolicyConfig): Weights {
  const specs = layoutOf(config);
  const pieces = cut(
    parameters,
    specs.map((spec) => spec.size),
  );
  return nameWeights(pieces, config);
}

/** Names flat pieces, in layout order, and gives them their shapes. */
export function nameWeights(pieces: tf.Tensor[], config: PolicyConfig): Weights {
  return Object.fromEntries(
    layoutOf(config).map((spec, i) => [spec.name, tf.reshape(pieces[i], spec.shape)]),
  );
}

/** The attention's shape for a policy. */
export function attentionShape(policy: Policy): AttentionShape {
  const { hidden_size, num_attention_heads } = policy.config;
  return { heads: num_attention_heads, headSize: hidden_size / num_attention_heads, ...policy.rotary };
}

/**
 * Hidden states after the last norm, [N, hidden_size]: pre-norm blocks of attention and SwiGLU (Llama).
 * @param tokens N token numbers
 * @param mix how positions see each other
 * @param look sees the embeddings (layer 0) and what each block leaves (from 1)
 */
export function hiddenStates(
  weights: Weights,
  config: PolicyConfig,
  tokens: Int32Array,
  mix: Mixer,
  look: (layer: number, x: tf.Tensor2D) => void = () => {},
): tf.Tensor2D {
  const matrix = (name: string) => weights[name] as tf.Tensor2D;
  const norm = (x: tf.Tensor2D, name: string) =>
    rmsNorm(x, weights[name] as tf.Tensor1D, config.rms_norm_eps);
  let x = gatherRows(matrix('embedding'), tokens);
  look(0, x);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const qkv = linear(norm(x, `layers.${i}.attention_norm`), matrix(`layers.${i}.qkv`));
    x = linear(mix(i, qkv), matrix(`layers.${i}.attention_out`), x);
    const inner = swiglu(linear(norm(x, `layers.${i}.mlp_norm`), matrix(`layers.${i}.gate_up`)));
    x = linear(inner, matrix(`layers.${i}.down`), x);
    look(i + 1, x);
  }
  return norm(x, 'norm');
}

/** Logits of given hidden states over the vocabulary; embeddings are tied. */
export function logitsOf(weights: Weights, hidden: tf.Tensor2D): tf.Tensor2D {
  return linearTransposed(hidden, weights.embedding as tf.Tensor2D);
}

/** Logits at chosen rows of packed sequences, [rows.length, vocab_size]. */
export function forward(policy: Policy, weights: Weights, batch: Packed, rows: Int32Array): tf.Tensor2D {
  return logitsOf(weights, hiddenAt(policy, weights, batch, rows));
}

/** Hidden states after the last norm at chosen rows of packed sequences, [rows.length, hidden_size]. */
export function hiddenAt(policy: Policy, weights: Weights, batch: Packed, rows: Int32Array): tf.Tensor2D {
  return gatherRows(hiddenStates(weights, policy.config, batch.tokens, within(policy, batch)), rows);
}

/** What each layer holds at chosen rows: the embeddings first, then what each block leaves; each [rows.length, hidden_size]. */
export function layersAt(policy: Policy, weights: Weights, batch: Packed, rows: Int32Array): tf.Tensor2D[] {
  const layers: tf.Tensor2D[] = [];
  hiddenStates(weights, policy.config, batch.tokens, within(policy, batch), (_, x) => {
    layers.push(gatherRows(x, rows));
  });
  return layers;
}

/** Positions see each other within their own sequence of a packed batch. */
function within(policy: Policy, batch: Packed): Mixer {
  const [length, limit] = [longest(batch.starts), policy.config.max_position_embeddings];
  if (length > limit) {
    throw new Error(
      `forward(): a sequence of ${length} tokens exceeds the policy's ${limit} positions; shorten the task or the completion`,
    );
  }
  const shape = attentionShape(policy);
  return (_, qkv) => attention(qkv, batch.starts, shape);
}
