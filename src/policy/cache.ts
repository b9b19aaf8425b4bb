import * as tf from '@tensorflow/tfjs-core';
import { type AttentionShape, rotate } from '../tensor/attention.ts';

/** Keys and values of the rows that are being decoded, all at the same position. */
export interface KvCache {
  /** Adds one position of a layer's keys and values and attends to all positions so far. */
  attend(layer: number, qkv: tf.Tensor2D): tf.Tensor2D;
  /** Ends the position: row i goes on as a copy of what row from[i] was; rows not named are dropped. */
  advance(from: Int32Array): void;
  dispose(): void;
}

/** An empty cache, a composition of tfjs ops that grows by concatenation. */
export function createCache(layers: number, shape: AttentionShape): KvCache {
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
