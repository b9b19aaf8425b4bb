import './gradients.ts';
import * as tf from '@tensorflow/tfjs-core';
import { attention, rotaryTables } from './attention.ts';
import { tokenStatistics } from './log_probs.ts';
import { linear, linearTransposed } from './matmul.ts';
import { rmsNorm } from './rms_norm.ts';
import { gatherRows } from './rows.ts';
import { swiglu } from './swiglu.ts';

/**
 * One op with fixed inputs, the same on every backend: tests compare its value and gradients between
 * backends, and against finite differences.
 */
export interface OpCase {
  name: string;
  shapes: number[][];
  /** Scale of the inputs: large ones reach extreme values. */
  scale: number;
  apply: (inputs: tf.Tensor[]) => tf.Tensor;
}

/** Deterministic pseudo-random inputs in [-scale, scale], not a statistical generator. */
export function inputsOf(shapes: number[][], scale: number): Float32Array[] {
  let state = 12345;
  return shapes.map((shape) =>
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state / 2 ** 31 - 1) * scale;
    }),
  );
}

const ids = (n: number, below: number) => Int32Array.from({ length: n }, (_, i) => (i * 7 + 3) % below);

function attentionCase(name: string, starts: number[], heads: number, headSize: number, scale = 1): OpCase {
  const rows = starts[starts.length - 1];
  return {
    name: `attention, ${name}`,
    shapes: [[rows, 3 * heads * headSize]],
    scale,
    apply: ([qkv]) =>
      attention(qkv as tf.Tensor2D, Int32Array.from(starts), {
        heads,
        headSize,
        ...rotaryTables(64, headSize, 10000),
      }),
  };
}

function statisticsCase(rows: number, vocabulary: number, scale: number): OpCase {
  return {
    name: `token statistics, ${rows} rows of ${vocabulary}, logits to ${scale}`,
    shapes: [[rows, vocabulary]],
    scale,
    apply: ([logits]) => {
      const { logProbs, entropy } = tokenStatistics(logits as tf.Tensor2D, ids(rows, vocabulary));
      return tf.concat([logProbs, entropy]);
    },
  };
}

export const OP_CASES: OpCase[] = [
  ...[
    [1, 1, 1],
    [4, 8, 16],
    [7, 5, 13],
    [130, 24, 300],
  ].map(
    ([m, n, k]): OpCase => ({
      name: `linear, ${m} x ${k} by ${k} x ${n}`,
      shapes: [
        [m, k],
        [k, n],
      ],
      scale: 1,
      apply: ([x, w]) => linear(x as tf.Tensor2D, w as tf.Tensor2D),
    }),
  ),
  {
    name: 'linear with a transposed table',
    shapes: [
      [5, 12],
      [9, 12],
    ],
    scale: 1,
    apply: ([x, table]) => linearTransposed(x as tf.Tensor2D, table as tf.Tensor2D),
  },
  ...[0.001, 1, 100].map(
    (scale): OpCase => ({
      name: `RMSNorm, inputs to ${scale}`,
      shapes: [[5, 16], [16]],
      scale,
      apply: ([x, gain]) => rmsNorm(x as tf.Tensor2D, gain as tf.Tensor1D, 1e-5),
    }),
  ),
  ...[1, 60].map(
    (scale): OpCase => ({
      name: `SwiGLU, inputs to ${scale}`,
      shapes: [[5, 24]],
      scale,
      apply: ([x]) => swiglu(x as tf.Tensor2D),
    }),
  ),
  {
    name: 'rows of a table, some repeated',
    shapes: [[6, 8]],
    scale: 1,
    apply: ([table]) => gatherRows(table as tf.Tensor2D, ids(11, 6)),
  },
  statisticsCase(1, 4, 1),
  statisticsCase(6, 37, 3),
  statisticsCase(3, 64, 200),
  attentionCase('one token', [0, 1], 1, 16),
  attentionCase('three lengths', [0, 5, 6, 25], 2, 16),
  attentionCase('head size 32', [0, 17, 50], 2, 32),
  attentionCase('sharp scores', [0, 9, 20], 1, 16, 8),
];

/** Value and gradients of sum(apply(x) * w) for a fixed w, flattened. */
export async function evaluateCase(
  test: OpCase,
): Promise<{ value: Float32Array; gradients: Float32Array[] }> {
  const inputs = inputsOf(test.shapes, test.scale).map((data, i) => tf.tensor(data, test.shapes[i]));
  const value = tf.tidy(() => test.apply(inputs));
  const [weights] = inputsOf([value.shape], 1).map((data) => tf.tensor(data, value.shape));
  const { grads } = tf.valueAndGrads(
    (...xs: tf.Tensor[]) => tf.sum(tf.mul(test.apply(xs), weights)) as tf.Scalar,
  )(inputs);
  const result = {
    value: (await value.data()) as Float32Array,
    gradients: (await Promise.all(grads.map((g) => g.data()))) as Float32Array[],
  };
  tf.dispose([inputs, value, weights, grads]);
  return result;
}
