// Causal attention over packed sequences, RoPE included (half-split pairs). The head size is a multiple of 16.
// One head of one sequence at a time: its keys and values lie transposed in `scratch`, so that scores of
// 16 keys are computed together, and no T x T matrix is kept: the gradient recomputes each row from logSum.
import { exp4, log1, maxLanes, sumLanes } from './math';
import { thread } from './thread';

// @ts-ignore: decorator
@inline
function floats(n: i32): usize {
  return (<usize>n) << 2;
}

/** Rotates one head vector by the angles of its position; `sign` -1 rotates back. */
export function rotate(from: usize, to: usize, cos: usize, sin: usize, headSize: i32, sign: f32): void {
  const half = floats(headSize >> 1);
  const s = f32x4.splat(sign);
  for (let o: usize = 0; o < half; o += 16) {
    const x = v128.load(from + o);
    const y = v128.load(from + half + o);
    const c = v128.load(cos + o);
    const d = f32x4.mul(v128.load(sin + o), s);
    v128.store(to + o, f32x4.sub(f32x4.mul(x, c), f32x4.mul(y, d)));
    v128.store(to + half + o, f32x4.add(f32x4.mul(y, c), f32x4.mul(x, d)));
  }
}

/** Writes a head vector as one column of a [headSize, width] matrix. */
export function storeColumn(from: usize, to: usize, headSize: i32, width: i32): void {
  for (let d = 0; d < headSize; d++) {
    store<f32>(to, load<f32>(from + floats(d)));
    to += floats(width);
  }
}

/** out[j] = scale * sum over d of x[d] columns[d, j], for j below count rounded up to 16. */
export function dotColumns(x: usize, columns: usize, out: usize, headSize: i32, width: i32, count: i32, scale: f32): void {
  const s = f32x4.splat(scale);
  const step = floats(width);
  for (let j = 0; j < count; j += 16) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let from = columns + floats(j);
    for (let d = 0; d < headSize; d++) {
      const q = v128.load_splat<f32>(x + floats(d));
      a0 = f32x4.add(a0, f32x4.mul(q, v128.load(from)));
      a1 = f32x4.add(a1, f32x4.mul(q, v128.load(from, 16)));
      a2 = f32x4.add(a2, f32x4.mul(q, v128.load(from, 32)));
      a3 = f32x4.add(a3, f32x4.mul(q, v128.load(from, 48)));
      from += step;
    }
    const to = out + floats(j);
    v128.store(to, f32x4.mul(a0, s));
    v128.store(to, f32x4.mul(a1, s), 16);
    v128.store(to, f32x4.mul(a2, s), 32);
    v128.store(to, f32x4.mul(a3, s), 48);
  }
}

/** out[headSize] = factor * sum over j < count of weights[j] rows[j], rows `stride` bytes apart. */
function sumRows(weights: usize, rows: usize, stride: usize, out: usize, headSize: i32, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (let d = 0; d < headSize; d += 16) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    let from = rows + floats(d);
    for (let j = 0; j < count; j++) {
      const w = v128.load_splat<f32>(weights + floats(j));
      a0 = f32x4.add(a0, f32x4.mul(w, v128.load(from)));
      a1 = f32x4.add(a1, f32x4.mul(w, v128.load(from, 16)));
      a2 = f32x4.add(a2, f32x4.mul(w, v128.load(from, 32)));
      a3 = f32x4.add(a3, f32x4.mul(w, v128.load(from, 48)));
      from += stride;
    }
    const to = out + floats(d);
    v128.store(to, f32x4.mul(a0, f));
    v128.store(to, f32x4.mul(a1, f), 16);
    v128.store(to, f32x4.mul(a2, f), 32);
    v128.store(to, f32x4.mul(a3, f), 48);
  }
}

/** rows[j] += weights[j] x for j < count; rows of headSize floats. */
function addOuter(weights: usize, x: usize, rows: usize, headSize: i32, count: i32): void {
  for (let d = 0; d < headSize; d += 16) {
    const x0 = v128.load(x + floats(d));
    const x1 = v128.load(x + floats(d), 16);
    const x2 = v128.load(x + floats(d), 32);
    const x3 = v128.load(x + floats(d), 48);
    let to = rows + floats(d);
    for (let j = 0; j < count; j++) {
      const w = v128.load_splat<f32>(weights + floats(j));
      v128.store(to, f32x4.add(v128.load(to), f32x4.mul(w, x0)));
      v128.store(to, f32x4.add(v128.load(to, 16), f32x4.mul(w, x1)), 16);
      v128.store(to, f32x4.add(v128.load(to, 32), f32x4.mul(w, x2)), 32);
      v128.store(to, f32x4.add(v128.load(to, 48), f32x4.mul(w, x3)), 48);
      to += floats(headSize);
    }
  }
}

/** Turns scores[0..count) into exp(score - max), zeroes up to the next multiple of 16, returns max and sum through `stats`. */
export function exponentials(scores: usize, count: i32, stats: usize): void {
  const padded = (count + 15) & ~15;
  for (let j = count; j < padded; j++) store<f32>(scores + floats(j), -Infinity);
  let best = f32x4.splat(-Infinity);
  for (let j = 0; j < padded; j += 4) best = f32x4.pmax(best, v128.load(scores + floats(j)));
  const top = maxLanes(best);
  const shift = f32x4.splat(top);
  let sum = f32x4.splat(0);
  for (let j = 0; j < padded; j += 4) {
    const e = exp4(f32x4.sub(v128.load(scores + floats(j)), shift));
    v128.store(scores + floats(j), e);
    sum = f32x4.add(sum, e);
  }
  const total = sumLanes(sum);
  // pmax steps over NaN; the sum does not.
  store<f32>(stats, total == total ? top : total);
  store<f32>(stats, total, 4);
}

/**
 * out[N, D] and logSum[N, heads] for packed sequences; qkv is [N, 3 D], starts holds sequences + 1 offsets,
 * cos and sin are [positions, headSize / 2]. scratch: (headSize + 1) * width + headSize + 4 floats a thread,
 * width = longest sequence rounded up to 16.
 */
export function attention(
  qkv: usize, starts: usize, cos: usize, sin: usize, out: usize, logSum: usize, scratch: usize,
  heads: i32, headSize: i32, width: i32, first: i32, last: i32,
): void {
  const d = heads * headSize;
  const row = floats(3 * d);
  const scale: f32 = 1 / sqrt<f32>(<f32>headSize);
  const keys = scratch + <usize>thread * floats((headSize + 1) * width + headSize + 4);
  const scores = keys + floats(headSize * width);
  const q = scores + floats(width);
  const stats = q + floats(headSize);
  for (let unit = first; unit < last; unit++) {
    const b = unit / heads;
    const h = unit % heads;
    const start = load<i32>(starts + floats(b));
    const length = load<i32>(starts + floats(b + 1)) - start;
    const head = qkv + <usize>start * row + floats(h * headSize);
    for (let t = 0; t < length; t++) {
      const angle = floats(t * (headSize >> 1));
      rotate(head + <usize>t * row + floats(d), q, cos + angle, sin + angle, headSize, 1);
      storeColumn(q, keys + floats(t), headSize, width);
    }
    for (let t = 0; t < length; t++) {
      const angle = floats(t * (headSize >> 1));
      rotate(head + <usize>t * row, q, cos + angle, sin + angle, headSize, 1);
      dotColumns(q, keys, scores, headSize, width, t + 1, scale);
      exponentials(scores, t + 1, stats);
      const sum = load<f32>(stats, 4);
      const n = start + t;
      sumRows(scores, head + floats(2 * d), row, out + floats(n * d + h * headSize), headSize, t + 1, 1 / sum);
      store<f32>(logSum + floats(n * heads + h), load<f32>(stats) + log1(sum));
    }
  }
}

/**
 * dqkv[N, 3 D] for the same arguments; p = exp(score - logSum), ds = p (do v - do o) scale.
 * scratch: (6 headSize + 2) * width + headSize floats.
 */
export function attentionGrad(
  qkv: usize, starts: usize, cos: usize, sin: usize, out: usize, logSum: usize, dout: usize, dqkv: usize,
  scratch: usize, heads: i32, headSize: i32, width: i32, first: i32, last: i32,
): void {
  const d = heads * headSize;
  const row = floats(3 * d);
  const scale: f32 = 1 / sqrt<f32>(<f32>headSize);
  const area = floats(headSize * width);
  const q = scratch + <usize>thread * floats((6 * headSize + 2) * width + headSize);
  const k = q + area;
  const keys = k + area;
  const values = keys + area;
  const dk = values + area;
  const dv = dk + area;
  const p = dv + area;
  const ds = p + floats(width);
  const dq = ds + floats(width);
  for (let unit = first; unit < last; unit++) {
    const b = unit / heads;
    const h = unit % heads;
    const start = load<i32>(starts + floats(b));
    const length = load<i32>(starts + floats(b + 1)) - start;
    const head = qkv + <usize>start * row + floats(h * headSize);
    const dhead = dqkv + <usize>start * row + floats(h * headSize);
    for (let t = 0; t < length; t++) {
      const angle = floats(t * (headSize >> 1));
      const at = floats(t * headSize);
      const from = head + <usize>t * row;
      rotate(from, q + at, cos + angle, sin + angle, headSize, 1);
      rotate(from + floats(d), k + at, cos + angle, sin + angle, headSize, 1);
      storeColumn(k + at, keys + floats(t), headSize, width);
      storeColumn(from + floats(2 * d), values + floats(t), headSize, width);
    }
    memory.fill(dk, 0, floats(headSize * length));
    memory.fill(dv, 0, floats(headSize * length));
    for (let t = 0; t < length; t++) {
      const n = start + t;
      const at = floats(t * headSize);
      const o = out + floats(n * d + h * headSize);
      const g = dout + floats(n * d + h * headSize);
      let dot = f32x4.splat(0);
      for (let i = 0; i < headSize; i += 4) {
        dot = f32x4.add(dot, f32x4.mul(v128.load(o + floats(i)), v128.load(g + floats(i))));
      }
      const delta = f32x4.splat(sumLanes(dot));
      const shift = f32x4.splat(load<f32>(logSum + floats(n * heads + h)));
      const count = t + 1;
      dotColumns(q + at, keys, p, headSize, width, count, scale);
      dotColumns(g, values, ds, headSize, width, count, 1);
      for (let j = 0; j < count; j += 4) {
        const e = exp4(f32x4.sub(v128.load(p + floats(j)), shift));
        v128.store(p + floats(j), e);
        const s = f32x4.mul(f32x4.mul(e, f32x4.sub(v128.load(ds + floats(j)), delta)), f32x4.splat(scale));
        v128.store(ds + floats(j), s);
      }
      sumRows(ds, k, floats(headSize), dq, headSize, count, 1);
      const angle = floats(t * (headSize >> 1));
      rotate(dq, dhead + <usize>t * row, cos + angle, sin + angle, headSize, -1);
      addOuter(ds, q + at, dk, headSize, count);
      addOuter(p, g, dv, headSize, count);
    }
    for (let t = 0; t < length; t++) {
      const angle = floats(t * (headSize >> 1));
      const at = floats(t * headSize);
      const to = dhead + <usize>t * row;
      rotate(dk + at, to + floats(d), cos + angle, sin + angle, headSize, -1);
      memory.copy(to + floats(2 * d), dv + at, floats(headSize));
    }
  }
}
