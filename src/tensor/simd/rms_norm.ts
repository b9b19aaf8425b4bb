import { sumLanes } from './math';

/** y = x / rms(x) * gain for rows [first, last); d is a multiple of 4. inverse[i] keeps 1 / rms of row i. */
export function rmsNorm(
  x: usize, gain: usize, y: usize, inverse: usize, d: i32, epsilon: f32, first: i32, last: i32,
): void {
  const bytes = (<usize>d) << 2;
  x += <usize>first * bytes;
  y += <usize>first * bytes;
  for (let i = first; i < last; i++) {
    let sum = f32x4.splat(0);
    for (let o: usize = 0; o < bytes; o += 16) {
      const v = v128.load(x + o);
      sum = f32x4.add(sum, f32x4.mul(v, v));
    }
    const scale: f32 = 1 / sqrt<f32>(sumLanes(sum) / <f32>d + epsilon);
    store<f32>(inverse + ((<usize>i) << 2), scale);
    const s = f32x4.splat(scale);
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(y + o, f32x4.mul(f32x4.mul(v128.load(x + o), s), v128.load(gain + o)));
    }
    x += bytes;
    y += bytes;
  }
}

/** dx = s (g dy - x s^2 mean(x g dy)) for rows [first, last), with s = inverse[row]. */
export function rmsNormGrad(
  x: usize, gain: usize, dy: usize, inverse: usize, dx: usize, d: i32, first: i32, last: i32,
): void {
  const bytes = (<usize>d) << 2;
  x += <usize>first * bytes;
  dy += <usize>first * bytes;
  dx += <usize>first * bytes;
  for (let i = first; i < last; i++) {
    const scale = load<f32>(inverse + ((<usize>i) << 2));
    const s = f32x4.splat(scale);
    let sum = f32x4.splat(0);
    for (let o: usize = 0; o < bytes; o += 16) {
      sum = f32x4.add(sum, f32x4.mul(f32x4.mul(v128.load(x + o), v128.load(dy + o)), v128.load(gain + o)));
    }
    const k = f32x4.splat((scale * scale * sumLanes(sum)) / <f32>d);
    for (let o: usize = 0; o < bytes; o += 16) {
      const t = f32x4.sub(f32x4.mul(v128.load(gain + o), v128.load(dy + o)), f32x4.mul(v128.load(x + o), k));
      v128.store(dx + o, f32x4.mul(s, t));
    }
    x += bytes;
    dy += bytes;
    dx += bytes;
  }
}

/** dgain = sum over rows, in order, of dy x s, with s = inverse[row]; for quads [first, last) of columns. */
export function rmsNormGainGrad(
  x: usize, dy: usize, inverse: usize, dgain: usize, rows: i32, d: i32, first: i32, last: i32,
): void {
  const bytes = (<usize>d) << 2;
  const from = (<usize>first) << 4;
  const to = (<usize>last) << 4;
  memory.fill(dgain + from, 0, to - from);
  for (let i = 0; i < rows; i++) {
    const s = v128.load_splat<f32>(inverse + ((<usize>i) << 2));
    for (let o = from; o < to; o += 16) {
      const product = f32x4.mul(f32x4.mul(v128.load(x + o), v128.load(dy + o)), s);
      v128.store(dgain + o, f32x4.add(v128.load(dgain + o), product));
    }
    x += bytes;
    dy += bytes;
  }
}
