import { sumLanes } from './math';

/** y = x / rms(x) * gain, a row at a time; d is a multiple of 4. inverse[i] keeps 1 / rms of row i. */
export function rmsNorm(x: usize, gain: usize, y: usize, inverse: usize, rows: i32, d: i32, epsilon: f32): void {
  const bytes = (<usize>d) << 2;
  for (let i = 0; i < rows; i++) {
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

/** dx = s (g dy - x s^2 mean(x g dy)), dgain = sum over rows of dy x s, with s = inverse[row]. */
export function rmsNormGrad(
  x: usize, gain: usize, dy: usize, inverse: usize, dx: usize, dgain: usize, rows: i32, d: i32,
): void {
  const bytes = (<usize>d) << 2;
  memory.fill(dgain, 0, bytes);
  for (let i = 0; i < rows; i++) {
    const scale = load<f32>(inverse + ((<usize>i) << 2));
    const s = f32x4.splat(scale);
    let sum = f32x4.splat(0);
    for (let o: usize = 0; o < bytes; o += 16) {
      const v = v128.load(x + o);
      const g = v128.load(dy + o);
      sum = f32x4.add(sum, f32x4.mul(f32x4.mul(v, g), v128.load(gain + o)));
      v128.store(dgain + o, f32x4.add(v128.load(dgain + o), f32x4.mul(f32x4.mul(v, g), s)));
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
