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
    [6, 10, 1040],
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
  ...[
    [5, 9, 12],
    [600, 7, 8],
  ].map(
    ([rows, vocabulary, width]): OpCase => ({
      name: `linear with a transposed table, ${rows} x ${width} by ${vocabulary}`,
      shapes: [
        [rows, width],
        [vocabulary, width],
      ],
      scale: 1,
      apply: ([x, table]) => linearTransposed(x as tf.Tensor2D, table as tf.Tensor2D),
    }),
  ),
  {
    name: 'linear with a residual',
    shapes: [
      [9, 12],
      [12, 20],
      [9, 20],
    ],
    scale: 1,
    apply: ([x, w, residual]) => linear(x as tf.Tensor2D, w as tf.Tensor2D, residual as tf.Tensor2D),
  },
  ...[0.001, 1, 100].map(
    (scale): OpCase => ({
      name: `RMSNorm, inputs to ${scale}`,
      shapes: [[37, 16], [16]],
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
  attentionCase('a long sequence between short ones', [0, 1, 61, 62], 1, 16),
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

/**
 * The largest disagreement of gradients with finite differences at some of each input's numbers, as a share of
 * what may differ; NaN for inputs too steep for differences of 32-bit numbers.
 */
export async function differenceError(test: OpCase): Promise<number> {
  if (test.scale > 10) return Number.NaN;
  const { value, gradients } = await evaluateCase(test);
  const data = inputsOf(test.shapes, test.scale);
  const [weights] = inputsOf([[value.length]], 1);
  const loss = async (): Promise<number> => {
    const out = tf.tidy(() => test.apply(data.map((d, i) => tf.tensor(d, test.shapes[i]))));
    const values = (await out.data()) as Float32Array;
    out.dispose();
    return values.reduce((sum, y, i) => sum + y * weights[i], 0);
  };
  let worst = 0;
  for (const [input, values] of data.entries()) {
    const scale = gradients[input].reduce((sum, g) => sum + Math.abs(g), 0) / gradients[input].length;
    for (let at = 0; at < values.length; at += Math.max(1, Math.floor(values.length / 12))) {
      const [old, step] = [values[at], 1e-2 * test.scale];
      values[at] = old + step;
      const up = await loss();
      values[at] = old - step;
      const down = await loss();
      values[at] = old;
      const gradient = gradients[input][at];
      const allowed = 0.03 * scale + 0.03 * Math.abs(gradient) + 1e-3;
      worst = Math.max(worst, Math.abs((up - down) / (2 * step) - gradient) / allowed);
    }
  }
  return worst;
}
