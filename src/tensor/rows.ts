import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/**
 * Rows of a table: the embedding lookup, and the choice of positions that the loss looks at.
 * @param table [R, d], d a multiple of 4
 * @param ids row numbers; equal ones add up in the gradient, in order (no atomics)
 * @returns [ids.length, d]
 */
export function gatherRows(table: tf.Tensor2D, ids: Int32Array): tf.Tensor2D {
  if (!hasFused('GatherRows')) return compose(table, ids);
  const op = tf.customGrad((a) => {
    const source = a as tf.Tensor2D;
    const rows = source.shape[0];
    const index = () => tf.tensor1d(ids, 'int32');
    return {
      value: tf.tidy(() => runFused('GatherRows', { table: source, ids: index() })[0]),
      gradFunc: (dy: tf.Tensor) =>
        tf.tidy(() => {
          const { order, starts } = rowsByName(ids, rows);
          const inputs = {
            dy,
            ids: index(),
            order: tf.tensor1d(order, 'int32'),
            starts: tf.tensor1d(starts, 'int32'),
          };
          return runFused('ScatterAddRows', inputs, { rows })[0];
        }),
    };
  });
  return op(table) as tf.Tensor2D;
}

/** Places in `ids` of each row's name: those of row r are order[starts[r]] to order[starts[r + 1] - 1], ascending. */
function rowsByName(ids: Int32Array, rows: number): { order: Int32Array; starts: Int32Array } {
  const starts = new Int32Array(rows + 1);
  for (const id of ids) starts[id + 1]++;
  for (let row = 0; row < rows; row++) starts[row + 1] += starts[row];
  const next = starts.slice();
  const order = new Int32Array(ids.length);
  ids.forEach((id, place) => {
    order[next[id]++] = place;
  });
  return { order, starts };
}

/** One-hot products instead of tf.gather, whose gradient adds with atomics in no fixed order on WebGPU. */
function compose(table: tf.Tensor2D, ids: Int32Array): tf.Tensor2D {
  const op = tf.customGrad((a) => {
    const source = a as tf.Tensor2D;
    const rows = source.shape[0];
    return {
      value: tf.tidy(() => tf.gather(source, tf.tensor1d(ids, 'int32'))),
      gradFunc: (dy: tf.Tensor) =>
        tf.tidy(() => {
          const choice = tf.oneHot(tf.tensor1d(ids, 'int32'), rows, 1, 0, 'float32') as tf.Tensor2D;
          return tf.matMul(choice, dy as tf.Tensor2D, true, false);
        }),
    };
  });
  return op(table) as tf.Tensor2D;
}
