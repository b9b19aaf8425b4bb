import { exp1, exp4, log1, maxLanes, sumLanes } from './math';

/** The largest value of a row of n floats. */
function rowMax(x: usize, n: i32): f32 {
  let best = f32x4.splat(-Infinity);
  let j = 0;
  for (; j + 4 <= n; j += 4) best = f32x4.max(best, v128.load(x + ((<usize>j) << 2)));
  let top = maxLanes(best);
  for (; j < n; j++) top = max(top, load<f32>(x + ((<usize>j) << 2)));
  return top;
}

/**
 * For rows [first, last) of logits: out[i] = log-probability of targets[i], out[rows + i] = entropy (nats),
 * out[2 rows + i] = log sum exp, kept for the gradient.
 */
export function logProbs(
  logits: usize, targets: usize, out: usize, rows: i32, n: i32, first: i32, last: i32,
): void {
  for (let i = first; i < last; i++) {
    const x = logits + ((<usize>(i * n)) << 2);
    const top = rowMax(x, n);
    const shift = f32x4.splat(top);
    let sum4 = f32x4.splat(0);
    let dot4 = f32x4.splat(0);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const z = f32x4.sub(v128.load(x + ((<usize>j) << 2)), shift);
      const e = exp4(z);
      sum4 = f32x4.add(sum4, e);
      dot4 = f32x4.add(dot4, f32x4.mul(e, z));
    }
    let sum = sumLanes(sum4);
    let dot = sumLanes(dot4);
    for (; j < n; j++) {
      const z = load<f32>(x + ((<usize>j) << 2)) - top;
      const e = exp1(z);
      sum += e;
      dot += e * z;
    }
    const logSum = log1(sum);
    const target = load<i32>(targets + ((<usize>i) << 2));
    const o = out + ((<usize>i) << 2);
    store<f32>(o, load<f32>(x + ((<usize>target) << 2)) - top - logSum);
    store<f32>(o + ((<usize>rows) << 2), logSum - dot / sum);
    store<f32>(o + ((<usize>rows) << 3), logSum + top);
  }
}

/** For rows [first, last): dlogits = dlogp (onehot - p) - dentropy p (log p + entropy). `out` and `dout` are [3, rows]; row 2 of dout is unused. */
export function logProbsGrad(
  logits: usize, targets: usize, out: usize, dout: usize, dlogits: usize, rows: i32, n: i32,
  first: i32, last: i32,
): void {
  for (let i = first; i < last; i++) {
    const x = logits + ((<usize>(i * n)) << 2);
    const dx = dlogits + ((<usize>(i * n)) << 2);
    const o = (<usize>i) << 2;
    const entropy = load<f32>(out + o + ((<usize>rows) << 2));
    const logSum = load<f32>(out + o + ((<usize>rows) << 3));
    const dlogp = load<f32>(dout + o);
    const dentropy = load<f32>(dout + o + ((<usize>rows) << 2));
    const shift = f32x4.splat(logSum);
    const a = f32x4.splat(dlogp + dentropy * entropy);
    const b = f32x4.splat(dentropy);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const z = f32x4.sub(v128.load(x + ((<usize>j) << 2)), shift);
      const p = exp4(z);
      v128.store(dx + ((<usize>j) << 2), f32x4.neg(f32x4.mul(p, f32x4.add(a, f32x4.mul(b, z)))));
    }
    for (; j < n; j++) {
      const z = load<f32>(x + ((<usize>j) << 2)) - logSum;
      store<f32>(dx + ((<usize>j) << 2), -exp1(z) * (dlogp + dentropy * (entropy + z)));
    }
    const target = dx + ((<usize>load<i32>(targets + o)) << 2);
    store<f32>(target, load<f32>(target) + dlogp);
  }
}

/**
 * Draws one token for each of rows [first, last) by the inverse of the cumulative distribution of
 * softmax(logits / temperature); temperature 0 takes the first largest. ids[i] gets the token, out[i] its
 * log-probability at temperature 1. scratch: n floats, rounded up to a multiple of 4.
 */
export function sampleRows(
  logits: usize, uniforms: usize, ids: usize, out: usize, scratch: usize, n: i32, temperature: f32,
  first: i32, last: i32,
): void {
  for (let i = first; i < last; i++) {
    const o = (<usize>i) << 2;
    drawToken(logits + (<usize>(i * n) << 2), load<f32>(uniforms + o), ids + o, out + o, scratch, n, temperature);
  }
}

/** One row of `sampleRows`; the token goes to `id`, its log-probability to `out`. */
export function drawToken(
  x: usize, uniform: f32, id: usize, out: usize, scratch: usize, n: i32, temperature: f32,
): void {
  const top = rowMax(x, n);
  const sum = exponentials(x, scratch, n, top, 1);
  let chosen = 0;
  if (temperature == 0) {
    while (load<f32>(x + ((<usize>chosen) << 2)) < top) chosen++;
  } else {
    const total = temperature == 1 ? sum : exponentials(x, scratch, n, top, 1 / temperature);
    chosen = indexAt(scratch, n, uniform * total);
  }
  store<i32>(id, chosen);
  store<f32>(out, load<f32>(x + ((<usize>chosen) << 2)) - top - log1(sum));
}

/** to[j] = exp((x[j] - top) factor); returns their sum, added in ascending j. */
function exponentials(x: usize, to: usize, n: i32, top: f32, factor: f32): f32 {
  const shift = f32x4.splat(top);
  const f = f32x4.splat(factor);
  let sum: f32 = 0;
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    const o = (<usize>j) << 2;
    const e = exp4(f32x4.mul(f32x4.sub(v128.load(x + o), shift), f));
    v128.store(to + o, e);
    sum += f32x4.extract_lane(e, 0);
    sum += f32x4.extract_lane(e, 1);
    sum += f32x4.extract_lane(e, 2);
    sum += f32x4.extract_lane(e, 3);
  }
  for (; j < n; j++) {
    const o = (<usize>j) << 2;
    const e = exp1((load<f32>(x + o) - top) * factor);
    store<f32>(to + o, e);
    sum += e;
  }
  return sum;
}

/** The first index whose running sum exceeds `goal`; the last positive one where rounding leaves none. */
function indexAt(weights: usize, n: i32, goal: f32): i32 {
  let sum: f32 = 0;
  let last = 0;
  for (let j = 0; j < n; j++) {
    const e = load<f32>(weights + ((<usize>j) << 2));
    if (e == 0) continue;
    sum += e;
    last = j;
    if (sum > goal) return j;
  }
  return last;
}
