import * as tf from '@tensorflow/tfjs-core';

/**
 * Sequences of unequal length laid end to end, so that nothing is computed on padding.
 * `starts` has one entry a sequence and a last one, the number of tokens.
 */
export interface Packed {
  tokens: Int32Array;
  starts: Int32Array;
}

/** Lays sequences end to end. */
export function pack(sequences: readonly (readonly number[])[]): Packed {
  const starts = new Int32Array(sequences.length + 1);
  for (let i = 0; i < sequences.length; i++) starts[i + 1] = starts[i] + sequences[i].length;
  const tokens = new Int32Array(starts[sequences.length]);
  for (let i = 0; i < sequences.length; i++) tokens.set(sequences[i], starts[i]);
  return { tokens, starts };
}

/** Length of the longest sequence. */
export function longest(starts: Int32Array): number {
  let most = 0;
  for (let i = 1; i < starts.length; i++) most = Math.max(most, starts[i] - starts[i - 1]);
  return most;
}

/** Indices between the packed rows [N] and padded rows [sequences * length], for compositions that need a grid. */
export interface Grid {
  sequences: number;
  length: number;
  /** For each padded cell its packed row (0 where there is none). */
  toPacked: Int32Array;
  /** 1 for cells that hold a token, else 0. */
  filled: Float32Array;
  /** For each packed row its padded cell. */
  toPadded: Int32Array;
}

/** The grid of packed sequences. */
export function gridOf(starts: Int32Array): Grid {
  const sequences = starts.length - 1;
  const length = longest(starts);
  const toPacked = new Int32Array(sequences * length);
  const filled = new Float32Array(sequences * length);
  const toPadded = new Int32Array(starts[sequences]);
  for (let b = 0; b < sequences; b++) {
    for (let row = starts[b]; row < starts[b + 1]; row++) {
      const cell = b * length + (row - starts[b]);
      toPacked[cell] = row;
      filled[cell] = 1;
      toPadded[row] = cell;
    }
  }
  return { sequences, length, toPacked, filled, toPadded };
}

/** [N, d] to [sequences * length, d], zero in empty cells. Its gradient is a gather too, so no atomics are needed. */
export function toPaddedRows(x: tf.Tensor2D, grid: Grid): tf.Tensor2D {
  const forward = (rows: tf.Tensor2D) =>
    tf.mul(
      tf.gather(rows, tf.tensor1d(grid.toPacked, 'int32')),
      tf.tensor2d(grid.filled, [grid.filled.length, 1]),
    ) as tf.Tensor2D;
  const backward = (dy: tf.Tensor2D) => tf.gather(dy, tf.tensor1d(grid.toPadded, 'int32'));
  return linearMap(x, forward, backward);
}

/** [sequences * length, d] to [N, d]: the inverse of `toPaddedRows`. */
export function toPackedRows(x: tf.Tensor2D, grid: Grid): tf.Tensor2D {
  const forward = (rows: tf.Tensor2D) => tf.gather(rows, tf.tensor1d(grid.toPadded, 'int32'));
  const backward = (dy: tf.Tensor2D) =>
    tf.mul(
      tf.gather(dy, tf.tensor1d(grid.toPacked, 'int32')),
      tf.tensor2d(grid.filled, [grid.filled.length, 1]),
    ) as tf.Tensor2D;
  return linearMap(x, forward, backward);
}

function linearMap(
  x: tf.Tensor2D,
  forward: (x: tf.Tensor2D) => tf.Tensor2D,
  backward: (dy: tf.Tensor2D) => tf.Tensor2D,
): tf.Tensor2D {
  const op = tf.customGrad((input) => ({
    value: forward(input as tf.Tensor2D),
    gradFunc: (dy) => backward(dy as tf.Tensor2D),
  }));
  return op(x) as tf.Tensor2D;
}
