import type { EngineBackend } from './backend.ts';
import type { Op } from './register.ts';
import { lines, range, variants } from './variants.ts';

/** Small workgroups: a few processors have little to share out. */
const WORKGROUP = 32;

/** WGSL: the number of the packed sequence that holds a row. */
const SEQUENCE_OF = `
fn sequenceOf(row: u32, sequences: u32) -> u32 {
  var low = 0u;
  var high = sequences;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (u32(starts[middle]) <= row) { low = middle; } else { high = middle; }
  }
  return low;
}`;

/** qkv with rotated queries and keys. One invocation turns four pairs of a head. */
const turn = variants((headSize: number) => ({
  name: `turn ${headSize}`,
  reads: { qkv: 'vec4f', starts: 'i32', cosines: 'vec4f', sines: 'vec4f' },
  writes: { turned: 'vec4f' },
  uniforms: { rows: 'u32', heads: 'u32', sequences: 'u32' },
  workgroup: 64,
  code: `${SEQUENCE_OF}
const HALF = ${headSize / 8}u;
fn run(index: u32) {
  let pairs = u.heads * HALF;
  if (index >= u.rows * pairs) { return; }
  let row = index / pairs;
  let i = index % HALF;
  let position = row - u32(starts[sequenceOf(row, u.sequences)]);
  let c = cosines[position * HALF + i];
  let s = sines[position * HALF + i];
  let width = u.heads * 2u * HALF;
  var at = row * 3u * width + (index % pairs) / HALF * 2u * HALF + i;
  for (var part = 0u; part < 2u; part++) {
    let first = qkv[at];
    let second = qkv[at + HALF];
    turned[at] = first * c - second * s;
    turned[at + HALF] = second * c + first * s;
    at += width;
  }
  turned[at] = qkv[at];
  turned[at + HALF] = qkv[at + HALF];
}`,
}));

/** Text of the dot product of vectors that are held in variables `<a>0`, `<a>1`, ... and `<b>0`, ... */
function dotText(a: string, b: string, vectors: number): string {
  return range(vectors)
    .map((i) => `dot(${a}${i}, ${b}${i})`)
    .join(' + ');
}

/**
 * One invocation a row and head. Scores are made twice, first for their maximum, then for p = exp(score -
 * maximum), so no matrix of them is kept. logSum is what the gradient needs to make p again.
 */
const forward = variants((headSize: number) => {
  const vectors = headSize / 4;
  const overKeys = `for (var j = first; j <= row; j++) {
    let key = j * 3u * width + width + head * ${vectors}u;
    ${lines(vectors, (i) => `let k${i} = turned[key + ${i}u];`)}
    let score = ${dotText('q', 'k', vectors)};`;
  return {
    name: `attention ${headSize}`,
    reads: { turned: 'vec4f', starts: 'i32' },
    writes: { out: 'vec4f', logSum: 'f32' },
    uniforms: { rows: 'u32', heads: 'u32', sequences: 'u32' },
    workgroup: WORKGROUP,
    code: `${SEQUENCE_OF}
fn run(index: u32) {
  if (index >= u.rows * u.heads) { return; }
  let row = index % u.rows;
  let head = index / u.rows;
  let first = u32(starts[sequenceOf(row, u.sequences)]);
  let width = u.heads * ${vectors}u;
  let own = row * 3u * width + head * ${vectors}u;
  ${lines(vectors, (i) => `let q${i} = turned[own + ${i}u] * ${1 / Math.sqrt(headSize)};`)}
  ${lines(vectors, (i) => `var o${i} = vec4f();`)}
  var top = -3.4e38;
  ${overKeys}
    top = max(top, score);
  }
  var sum = 0.0;
  ${overKeys}
    let p = exp(score - top);
    sum += p;
    ${lines(vectors, (i) => `o${i} += p * turned[key + width + ${i}u];`)}
  }
  ${lines(vectors, (i) => `out[row * width + head * ${vectors}u + ${i}u] = o${i} / sum;`)}
  logSum[row * u.heads + head] = top + log(sum);
}`,
  };
});

/** do o of each row and head: what every score of the row has in common in the gradient. */
const shared = variants((headSize: number) => ({
  name: `attentionGrad shared ${headSize}`,
  reads: { out: 'vec4f', dout: 'vec4f' },
  writes: { delta: 'f32' },
  uniforms: { count: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.count) { return; }
  let at = index * ${headSize / 4}u;
  delta[index] = ${range(headSize / 4)
    .map((i) => `dot(out[at + ${i}u], dout[at + ${i}u])`)
    .join(' + ')};
}`,
}));

/**
 * With p = exp(scale q k - logSum) and ds = p (do v - delta) scale: dq = sum over keys of ds k; dk and dv of a
 * row are the sums over the later queries of ds q and p do. The first half of the invocations makes dq, the
 * second dk and dv, each of one row and head; both turn their result back by the row's angle.
 */
const backward = variants((headSize: number) => {
  const vectors = headSize / 4;
  const half = vectors / 2;
  const turnBack = lines(
    half,
    (i) => `{
    let c = cosines[angle + ${i}u];
    let s = sines[angle + ${i}u];
    dqkv[own + ${i}u] = d${i} * c + d${i + half} * s;
    dqkv[own + ${i + half}u] = d${i + half} * c - d${i} * s;
  }`,
  );
  return {
    name: `attentionGrad ${headSize}`,
    reads: {
      turned: 'vec4f',
      starts: 'i32',
      logSum: 'f32',
      delta: 'f32',
      dout: 'vec4f',
      cosines: 'vec4f',
      sines: 'vec4f',
    },
    writes: { dqkv: 'vec4f' },
    uniforms: { rows: 'u32', heads: 'u32', sequences: 'u32' },
    workgroup: WORKGROUP,
    code: `${SEQUENCE_OF}
const SCALE = ${1 / Math.sqrt(headSize)};
fn queryGradient(row: u32, head: u32, first: u32) {
  let width = u.heads * ${vectors}u;
  let own = row * 3u * width + head * ${vectors}u;
  let result = row * width + head * ${vectors}u;
  let shift = logSum[row * u.heads + head];
  let mean = delta[row * u.heads + head];
  ${lines(vectors, (i) => `let q${i} = turned[own + ${i}u] * SCALE;`)}
  ${lines(vectors, (i) => `let g${i} = dout[result + ${i}u];`)}
  ${lines(vectors, (i) => `var d${i} = vec4f();`)}
  for (var j = first; j <= row; j++) {
    let key = j * 3u * width + width + head * ${vectors}u;
    ${lines(vectors, (i) => `let k${i} = turned[key + ${i}u]; let v${i} = turned[key + width + ${i}u];`)}
    let p = exp(${dotText('q', 'k', vectors)} - shift);
    let ds = p * (${dotText('g', 'v', vectors)} - mean) * SCALE;
    ${lines(vectors, (i) => `d${i} += ds * k${i};`)}
  }
  let angle = (row - first) * ${half}u;
  ${turnBack}
}
fn keyGradient(row: u32, head: u32, first: u32, end: u32) {
  let width = u.heads * ${vectors}u;
  let own = row * 3u * width + width + head * ${vectors}u;
  ${lines(vectors, (i) => `let k${i} = turned[own + ${i}u] * SCALE; let v${i} = turned[own + width + ${i}u];`)}
  ${lines(vectors, (i) => `var d${i} = vec4f(); var e${i} = vec4f();`)}
  for (var j = row; j < end; j++) {
    let query = j * 3u * width + head * ${vectors}u;
    let result = j * width + head * ${vectors}u;
    ${lines(vectors, (i) => `let q${i} = turned[query + ${i}u]; let g${i} = dout[result + ${i}u];`)}
    let p = exp(${dotText('k', 'q', vectors)} - logSum[j * u.heads + head]);
    let ds = p * (${dotText('v', 'g', vectors)} - delta[j * u.heads + head]) * SCALE;
    ${lines(vectors, (i) => `d${i} += ds * q${i}; e${i} += p * g${i};`)}
  }
  let angle = (row - first) * ${half}u;
  ${turnBack}
  ${lines(vectors, (i) => `dqkv[own + width + ${i}u] = e${i};`)}
}
fn run(index: u32) {
  let items = u.rows * u.heads;
  if (index >= 2u * items) { return; }
  let row = index % u.rows;
  let head = index % items / u.rows;
  let sequence = sequenceOf(row, u.sequences);
  let first = u32(starts[sequence]);
  if (index < items) {
    queryGradient(row, head, first);
  } else {
    keyGradient(row, head, first, u32(starts[sequence + 1u]));
  }
}`,
  };
});

/** The contracts of Attention and AttentionGrad; see ../attention.ts. */
export const ATTENTION: Op = {
  kernels: (_, headSize) => [turn, forward, shared, backward].map((family) => family(headSize)),
  bodies: {
    Attention(backend: EngineBackend, { qkv, starts, cos, sin }, { heads, headSize }) {
      const rows = qkv.shape[0];
      const turned = backend.make(qkv.shape);
      const [out, logSum] = [backend.make([rows, heads * headSize]), backend.make([rows, heads])];
      const uniforms = [rows, heads, starts.shape[0] - 1];
      backend.dispatch(turn(headSize), {
        reads: [qkv, starts, cos, sin],
        writes: [turned],
        uniforms,
        threads: (rows * heads * headSize) / 8,
      });
      backend.dispatch(forward(headSize), {
        reads: [turned, starts],
        writes: [out, logSum],
        uniforms,
        threads: rows * heads,
      });
      return [out, logSum, turned];
    },
    AttentionGrad(backend, { qkv, starts, cos, sin, out, logSum, dout }, { heads, headSize }) {
      const rows = qkv.shape[0];
      const delta = backend.make([rows, heads]);
      const dqkv = backend.make(qkv.shape);
      backend.dispatch(shared(headSize), {
        reads: [out, dout],
        writes: [delta],
        uniforms: [rows * heads],
        threads: rows * heads,
      });
      backend.dispatch(backward(headSize), {
        reads: [qkv, starts, logSum, delta, dout, cos, sin],
        writes: [dqkv],
        uniforms: [rows, heads, starts.shape[0] - 1],
        threads: 2 * rows * heads,
      });
      backend.disposeData(delta.dataId);
      return [dqkv];
    },
  },
};
