import type { Body } from './register.ts';
import { lines, range, variants } from './variants.ts';

/**
 * One position of decoding: each invocation adds the key and value of one row and head to the caches, [capacity,
 * heads, width, headSize], and attends to all positions so far (online softmax).
 */
const attend = variants((headSize: number) => {
  const vectors = headSize / 4;
  const half = vectors / 2;
  const turned = (name: string, at: string) =>
    lines(
      half,
      (i) => `let ${name}${i} = qkv[${at} + ${i}u] * c${i} - qkv[${at} + ${i + half}u] * s${i};
  let ${name}${i + half} = qkv[${at} + ${i + half}u] * c${i} + qkv[${at} + ${i}u] * s${i};`,
    );
  return {
    name: `decodeAttention ${headSize}`,
    reads: { qkv: 'vec4f', rows: 'i32', cosines: 'vec4f', sines: 'vec4f' },
    writes: { keys: 'vec4f', values: 'vec4f', out: 'vec4f' },
    uniforms: { count: 'u32', heads: 'u32', width: 'u32', position: 'u32' },
    workgroup: 64,
    code: `fn run(index: u32) {
  if (index >= u.count * u.heads) { return; }
  let i = index / u.heads;
  let head = index % u.heads;
  let wide = u.heads * ${vectors}u;
  let own = i * 3u * wide + head * ${vectors}u;
  let cache = (u32(rows[i]) * u.heads + head) * u.width * ${vectors}u;
  let last = cache + u.position * ${vectors}u;
  ${lines(half, (i) => `let c${i} = cosines[u.position * ${half}u + ${i}u]; let s${i} = sines[u.position * ${half}u + ${i}u];`)}
  ${turned('k', 'own + wide')}
  ${turned('q', 'own')}
  ${lines(vectors, (i) => `keys[last + ${i}u] = k${i}; values[last + ${i}u] = qkv[own + 2u * wide + ${i}u];`)}
  ${lines(vectors, (i) => `var o${i} = vec4f();`)}
  var top = -3.4e38;
  var sum = 0.0;
  for (var at = cache; at <= last; at += ${vectors}u) {
    let score = (${range(vectors)
      .map((i) => `dot(q${i}, keys[at + ${i}u])`)
      .join(' + ')}) * ${1 / Math.sqrt(headSize)};
    let next = max(top, score);
    let shrink = exp(top - next);
    let p = exp(score - next);
    sum = sum * shrink + p;
    ${lines(vectors, (i) => `o${i} = o${i} * shrink + p * values[at + ${i}u];`)}
    top = next;
  }
  ${lines(vectors, (i) => `out[i * wide + head * ${vectors}u + ${i}u] = o${i} / sum;`)}
}`,
  };
});

/**
 * One token a row: the first whose cumulative weight exceeds uniform * total, or at temperature 0 the first
 * largest; and its log-probability at temperature 1.
 */
const draw = variants(() => ({
  name: 'sampleRows',
  reads: { logits: 'f32', uniforms: 'f32' },
  writes: { ids: 'i32', logProbs: 'f32' },
  uniforms: { rows: 'u32', width: 'u32', temperature: 'f32' },
  workgroup: 16,
  code: `fn run(row: u32) {
  if (row >= u.rows) { return; }
  let start = row * u.width;
  var top = -3.4e38;
  var first = 0u;
  for (var j = 0u; j < u.width; j++) {
    if (logits[start + j] > top) { top = logits[start + j]; first = j; }
  }
  let sharpness = select(1.0 / max(u.temperature, 1e-30), 1.0, u.temperature == 0.0);
  var sum = 0.0;
  var weights = 0.0;
  for (var j = 0u; j < u.width; j++) {
    let z = logits[start + j] - top;
    sum += exp(z);
    weights += exp(z * sharpness);
  }
  var chosen = first;
  if (u.temperature > 0.0) {
    let goal = uniforms[row] * weights;
    var reached = 0.0;
    for (var j = 0u; j < u.width; j++) {
      let weight = exp((logits[start + j] - top) * sharpness);
      if (weight == 0.0) { continue; }
      reached += weight;
      chosen = j;
      if (reached > goal) { break; }
    }
  }
  ids[row] = i32(chosen);
  logProbs[row] = logits[start + chosen] - top - log(sum);
}`,
}));

/** The contracts of DecodeAttention (the cache of keys and values) and SampleRows; see ../sample.ts. */
export const DECODE: Record<string, Body> = {
  DecodeAttention(backend, { qkv, rows, cos, sin, keys, values }, { heads, headSize, width, position }) {
    const count = qkv.shape[0];
    const out = backend.make([count, heads * headSize]);
    backend.dispatch(attend(headSize), {
      reads: [qkv, rows, cos, sin],
      writes: [keys, values, out],
      uniforms: [count, heads, width, position],
      threads: count * heads,
    });
    return [out];
  },
  SampleRows(backend, { logits, uniforms }, { temperature }) {
    const [rows, n] = logits.shape;
    const [ids, logProbs] = [backend.make([rows], 'int32'), backend.make([rows])];
    backend.dispatch(draw(), {
      reads: [logits, uniforms],
      writes: [ids, logProbs],
      uniforms: [rows, n, temperature],
      threads: rows,
    });
    return [ids, logProbs];
  },
};
