/**
 * One AdamW step over items [firstItem, lastItem) of flat buffers. `scale` multiplies the gradient (clipping); `rate` holds the bias corrections
 * lr sqrt(1 - b2^t) / (1 - b1^t), `epsilon` is eps sqrt(1 - b2^t), `shrink` lr weight_decay;
 * decay[i] is 1 where weight decay applies, else 0.
 */
export function adamw(
  p: usize, g: usize, m: usize, v: usize, decay: usize, nextP: usize, nextM: usize, nextV: usize,
  scale: f32, rate: f32, epsilon: f32, beta1: f32, beta2: f32, shrink: f32,
  firstItem: i32, lastItem: i32,
): void {
  for (let i = firstItem; i < lastItem; i++) {
    const o = (<usize>i) << 2;
    const grad = load<f32>(g + o) * scale;
    const first = beta1 * load<f32>(m + o) + (1 - beta1) * grad;
    const second = beta2 * load<f32>(v + o) + (1 - beta2) * grad * grad;
    store<f32>(nextM + o, first);
    store<f32>(nextV + o, second);
    const old = load<f32>(p + o);
    const kept = old - shrink * load<f32>(decay + o) * old;
    store<f32>(nextP + o, kept - (rate * first) / (sqrt<f32>(second) + epsilon));
  }
}

/** out[0] = the sum of squares of a buffer, summed in double precision. */
export function sumOfSquares(x: usize, out: usize, count: i32): void {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) {
    const v = <f64>load<f32>(x + ((<usize>i) << 2));
    sum += v * v;
  }
  store<f32>(out, <f32>sum);
}
