import * as tf from '@tensorflow/tfjs-core';
import { hasFused, runFused } from './fused.ts';

/** One drawn token a row, and its log-probability at temperature 1 (nats). */
export interface Drawn {
  ids: Int32Array;
  logProbs: Float32Array;
}

/**
 * Draws one token a row: inverse of the cumulative distribution of softmax(logits / temperature).
 * @param logits [N, V]
 * @param uniforms N numbers in [0, 1), from a counter-based generator
 * @param temperature 0 takes the first largest logit
 * @param topP keeps the most likely tokens that together reach this probability; 1 keeps all
 */
export async function sampleRows(
  logits: tf.Tensor2D,
  uniforms: Float32Array,
  temperature: number,
  topP: number,
): Promise<Drawn> {
  if (topP >= 1 && hasFused('SampleRows')) {
    const u = tf.tensor1d(uniforms);
    const [ids, logProbs] = runFused('SampleRows', { logits, uniforms: u }, { temperature });
    const drawn = {
      ids: (await ids.data()) as Int32Array,
      logProbs: (await logProbs.data()) as Float32Array,
    };
    tf.dispose([u, ids, logProbs]);
    return drawn;
  }
  const [rows, vocabulary] = logits.shape;
  const values = (await logits.data()) as Float32Array;
  const drawn = { ids: new Int32Array(rows), logProbs: new Float32Array(rows) };
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * vocabulary, (i + 1) * vocabulary);
    const { id, logProb } = sampleRow(row, uniforms[i], temperature, topP);
    drawn.ids[i] = id;
    drawn.logProbs[i] = logProb;
  }
  return drawn;
}

/** The reference for one row, in double precision. */
export function sampleRow(
  logits: Float32Array,
  u: number,
  temperature: number,
  topP: number,
): { id: number; logProb: number } {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, x) => total + Math.exp(x - top), 0);
  const logProb = (id: number) => logits[id] - top - Math.log(sum);
  if (temperature === 0) {
    // NaN logits have no largest; the first token keeps the answer readable, the trainer notices the NaN.
    const id = Math.max(0, logits.indexOf(top));
    return { id, logProb: logProb(id) };
  }
  const weights = Float64Array.from(logits, (x) => Math.exp((x - top) / temperature));
  if (topP < 1) cutTail(weights, topP);
  const goal = u * weights.reduce((a, b) => a + b, 0);
  let cumulative = 0;
  let id = 0;
  for (let j = 0; j < weights.length; j++) {
    if (weights[j] === 0) continue;
    cumulative += weights[j];
    id = j;
    if (cumulative > goal) break;
  }
  return { id, logProb: logProb(id) };
}

/** Zeroes all but the most likely entries that together reach `topP` (nucleus sampling, arXiv 1904.09751). */
function cutTail(weights: Float64Array, topP: number): void {
  const order = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a] || a - b);
  const enough = topP * weights.reduce((a, b) => a + b, 0);
  let kept = 0;
  for (const j of order) {
    if (kept >= enough) weights[j] = 0;
    else kept += weights[j];
  }
}
