import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';
import { type Grid, gridOf, longest, toPackedRows, toPaddedRows } from './packed.ts';

/** Shape of the attention and its rotary angles. */
export interface AttentionShape {
  heads: number;
  /** A multiple of 16. */
  headSize: number;
  /** cos and sin of position * theta^(-2 i / headSize), [positions, headSize / 2]. */
  cos: tf.Tensor2D;
  sin: tf.Tensor2D;
}

/** The rotary tables (RoFormer, arXiv 2104.09864; half-split pairs as in Llama). The caller disposes them. */
export function rotaryTables(
  positions: number,
  headSize: number,
  theta: number,
): { cos: tf.Tensor2D; sin: tf.Tensor2D } {
  const half = headSize / 2;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let t = 0; t < positions; t++) {
    for (let i = 0; i < half; i++) {
      const angle = t * theta ** ((-2 * i) / headSize);
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  }
  return { cos: tf.tensor2d(cos, [positions, half]), sin: tf.tensor2d(sin, [positions, half]) };
}

/**
 * Causal self-attention within each packed sequence, rotary positions included.
 * @param qkv [N, 3 D]: queries, keys, values; D = heads * headSize
 * @param starts offsets of the sequences, as in `Packed`
 * @returns [N, D]
 */
export function attention(qkv: tf.Tensor2D, starts: Int32Array, shape: AttentionShape): tf.Tensor2D {
  if (!hasFused('Attention')) return compose(qkv, gridOf(starts), shape);
  const { heads, headSize, cos, sin } = shape;
  const attributes = { heads, headSize, width: roundUp(longest(starts)) };
  const op = tf.customGrad((a, save) => {
    const input = a as tf.Tensor2D;
    const offsets = tf.tensor1d(starts, 'int32');
    const inputs = { qkv: input, starts: offsets, cos, sin };
    // Some kernels keep queries and keys as rotated, in the place of the input.
    const [out, logSum, turned = input] = runFused('Attention', inputs, attributes);
    (save as tf.GradSaveFunc)([turned, offsets, out, logSum, cos, sin]);
    return {
      value: out,
      gradFunc: (dout: tf.Tensor, saved: tf.Tensor[]) =>
        runFused(
          'AttentionGrad',
          {
            qkv: saved[0],
            starts: saved[1],
            out: saved[2],
            logSum: saved[3],
            cos: saved[4],
            sin: saved[5],
            dout,
          },
          attributes,
        )[0],
    };
  });
  return op(qkv) as tf.Tensor2D;
}

/** Kernels work on 16 keys at a time. */
export function roundUp(length: number): number {
  return Math.ceil(length / 16) * 16;
}

function compose(qkv: tf.Tensor2D, grid: Grid, shape: AttentionShape): tf.Tensor2D {
  const { heads, headSize } = shape;
  const { sequences, length } = grid;
  const padded = tf.reshape(toPaddedRows(qkv, grid), [sequences, length, 3, heads, headSize]);
  const [q, k, v] = tf
    .split(tf.transpose(padded, [2, 0, 3, 1, 4]), 3)
    .map((x) => tf.reshape(x, [sequences * heads, length, headSize]) as tf.Tensor3D);
  const scores = tf.mul(
    tf.matMul(rotate(q, shape, 0), rotate(k, shape, 0), false, true),
    1 / Math.sqrt(headSize),
  );
  const weights = tf.softmax(tf.add(scores, causalMask(length)));
  const mixed = tf.transpose(
    tf.reshape(tf.matMul(weights, v), [sequences, heads, length, headSize]),
    [0, 2, 1, 3],
  );
  return toPackedRows(tf.reshape(mixed, [sequences * length, heads * headSize]), grid);
}

/** Rotates [rows, length, headSize] vectors at positions from `position` on. */
export function rotate(x: tf.Tensor3D, shape: AttentionShape, position: number): tf.Tensor3D {
  const length = x.shape[1];
  const half = shape.headSize / 2;
  const cos = tf.slice(shape.cos, [position, 0], [length, half]);
  const sin = tf.slice(shape.sin, [position, 0], [length, half]);
  const [first, second] = tf.split(x, 2, 2);
  return tf.concat(
    [tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(second, cos), tf.mul(first, sin))],
    2,
  ) as tf.Tensor3D;
}

function causalMask(length: number): tf.Tensor2D {
  const mask = new Float32Array(length * length);
  for (let t = 0; t < length; t++) mask.fill(-1e9, t * length + t + 1, (t + 1) * length);
  return tf.tensor2d(mask, [length, length]);
}
