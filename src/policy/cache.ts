import * as tf from '@tensorflow/tfjs-core';
import { type AttentionShape, rotate, roundUp } from '../tensor/attention.ts';
import { hasFused, runFused } from '../tensor/fused.ts';

/** Keys and values of the rows that are being decoded, all at the same position. */
export interface KvCache {
  /** Adds one position of a layer's keys and values and attends to all positions so far. */
  attend(layer: number, qkv: tf.Tensor2D): tf.Tensor2D;
  /** Ends the position: row i goes on as a copy of what row from[i] was; rows not named are dropped. */
  advance(from: Int32Array): void;
  dispose(): void;
}

/**
 * A cache for at most `capacity` rows and `positions` positions, empty.
 * The fused one writes in place, the other is a composition that grows by concatenation.
 */
export function createCache(
  layers: number,
  capacity: number,
  positions: number,
  shape: AttentionShape,
): KvCache {
  return hasFused('DecodeAttention')
    ? fusedCache(layers, capacity, roundUp(positions), shape)
    : composedCache(layers, shape);
}

function fusedCache(layers: number, capacity: number, width: number, shape: AttentionShape): KvCache {
  const { heads, headSize, cos, sin } = shape;
  const area = heads * headSize * width;
  const make = () => Array.from({ length: layers }, () => tf.keep(tf.zeros([capacity, area])));
  const [keys, values] = [make(), make()];
  let position = 0;
  let rows = Int32Array.from({ length: capacity }, (_, i) => i);
  return {
    attend(layer, qkv) {
      const index = tf.tensor1d(rows.subarray(0, qkv.shape[0]), 'int32');
      const inputs = { qkv, rows: index, cos, sin, keys: keys[layer], values: values[layer] };
      const [out] = runFused('DecodeAttention', inputs, { heads, headSize, width, position });
      index.dispose();
      return out as tf.Tensor2D;
    },
    advance(from) {
      position++;
      const wanted = Int32Array.from(from, (i) => rows[i]);
      const free = freeRows(capacity, wanted);
      const taken = new Set<number>();
      const copies: { from: number; to: number }[] = [];
      rows = wanted.map((row) => {
        if (!taken.has(row)) {
          taken.add(row);
          return row;
        }
        const to = free.pop();
        if (to === undefined)
          throw new Error(`KvCache.advance(): more than ${capacity} rows; raise the capacity`);
        copies.push({ from: row, to });
        return to;
      });
      if (copies.length > 0) copyRows([...keys, ...values], copies, area);
    },
    dispose() {
      tf.dispose([keys, values]);
    },
  };
}

function freeRows(capacity: number, used: Int32Array): number[] {
  const inUse = new Set(used);
  return Array.from({ length: capacity }, (_, i) => capacity - 1 - i).filter((row) => !inUse.has(row));
}

function copyRows(buffers: tf.Tensor[], copies: { from: number; to: number }[], floats: number): void {
  tf.tidy(() => {
    const from = tf.tensor1d(
      Int32Array.from(copies, (copy) => copy.from),
      'int32',
    );
    const to = tf.tensor1d(
      Int32Array.from(copies, (copy) => copy.to),
      'int32',
    );
    for (const buffer of buffers) runFused('CopyRows', { buffer, from, to }, { floats });
  });
}

function composedCache(layers: number, shape: AttentionShape): KvCache {
  const { heads, headSize } = shape;
  const keys: (tf.Tensor3D | null)[] = new Array(layers).fill(null);
  const values: (tf.Tensor3D | null)[] = new Array(layers).fill(null);
  let position = 0;
  const grow = (store: (tf.Tensor3D | null)[], layer: number, next: tf.Tensor3D): tf.Tensor3D => {
    const old = store[layer];
    const grown = tf.keep(old ? (tf.concat([old, next], 1) as tf.Tensor3D) : tf.clone(next));
    old?.dispose();
    store[layer] = grown;
    return grown;
  };
  return {
    attend(layer, qkv) {
      return tf.tidy(() => {
        const rows = qkv.shape[0];
        const [q, k, v] = tf
          .split(qkv, 3, 1)
          .map((x) => tf.reshape(x, [rows * heads, 1, headSize]) as tf.Tensor3D);
        const allKeys = grow(keys, layer, rotate(k, shape, position));
        const allValues = grow(values, layer, v);
        const scores = tf.matMul(rotate(q, shape, position), allKeys, false, true);
        const weights = tf.softmax(tf.mul(scores, 1 / Math.sqrt(headSize)));
        return tf.reshape(tf.matMul(weights, allValues), [rows, heads * headSize]) as tf.Tensor2D;
      });
    },
    advance(from) {
      position++;
      const index = Int32Array.from(
        { length: from.length * heads },
        (_, i) => from[Math.floor(i / heads)] * heads + (i % heads),
      );
      for (const store of [keys, values]) {
        for (let layer = 0; layer < layers; layer++) {
          const old = store[layer];
          if (!old) continue;
          store[layer] = tf.tidy(() => tf.keep(tf.gather(old, tf.tensor1d(index, 'int32'))));
          old.dispose();
        }
      }
    },
    dispose() {
      tf.dispose([...keys, ...values].filter((x) => x !== null));
    },
  };
}
