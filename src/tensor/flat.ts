import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/** Cuts a flat buffer into pieces of the given sizes, in order. On WebGPU these are copies, not dispatches. */
export function cut(flat: tf.Tensor1D, sizes: number[]): tf.Tensor1D[] {
  return hasFused('CutFlat')
    ? (runFused('CutFlat', { flat }, { sizes }) as tf.Tensor1D[])
    : tf.split(flat, sizes);
}

/** Lays pieces end to end: the inverse of `cut`. */
export function join(pieces: tf.Tensor1D[]): tf.Tensor1D {
  if (!hasFused('JoinFlat')) return tf.concat(pieces);
  return runFused('JoinFlat', Object.fromEntries(pieces.entries()))[0] as tf.Tensor1D;
}
