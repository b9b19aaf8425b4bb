import { laneCode } from './lanes.ts';
import type { Body } from './register.ts';
import { sumRows } from './sum.ts';
import { variants } from './variants.ts';

/** Rows whose share of the gain's gradient one invocation adds up. */
const BLOCK = 32;

/** y = x inverse gain, inverse = 1 / sqrt(mean(x^2) + epsilon). */
const norm = variants((lanes: number) => ({
  name: `rmsNorm ${lanes}`,
  reads: { x: 'vec4f', gain: 'vec4f' },
  writes: { y: 'vec4f', inverse: 'f32' },
  uniforms: { rows: 'u32', width: 'u32', epsilon: 'f32' },
  workgroup: 64,
  subgroups: lanes > 1,
  code: `${laneCode(lanes)}
fn run(index: u32) {
  let row = min(index / LANES, u.rows - 1u);
  let lane = index % LANES;
  var squares = 0.0;
  for (var c = lane; c < u.width; c += LANES) {
    let v = x[row * u.width + c];
    squares += dot(v, v);
  }
  let scale = 1.0 / sqrt(total(squares) / f32(4u * u.width) + u.epsilon);
  for (var c = lane; c < u.width; c += LANES) {
    y[row * u.width + c] = x[row * u.width + c] * scale * gain[c];
  }
  if (lane == 0u) { inverse[row] = scale; }
}`,
}));

/** dx = inverse (g - x inverse mean(g x inverse)), g = dy gain. */
const inputGradient = variants((lanes: number) => ({
  name: `rmsNormGrad ${lanes}`,
  reads: { x: 'vec4f', gain: 'vec4f', inverse: 'f32', dy: 'vec4f' },
  writes: { dx: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  subgroups: lanes > 1,
  code: `${laneCode(lanes)}
fn run(index: u32) {
  let row = min(index / LANES, u.rows - 1u);
  let lane = index % LANES;
  var products = 0.0;
  for (var c = lane; c < u.width; c += LANES) {
    let at = row * u.width + c;
    products += dot(dy[at] * gain[c], x[at]);
  }
  let scale = inverse[row];
  let mean = total(products) * scale * scale / f32(4u * u.width);
  for (var c = lane; c < u.width; c += LANES) {
    let at = row * u.width + c;
    dx[at] = scale * (dy[at] * gain[c] - x[at] * mean);
  }
}`,
}));

/** Sums of dy x inverse over blocks of rows, [blocks, d]. */
const gainGradient = variants(() => ({
  name: 'rmsNormGain',
  reads: { x: 'vec4f', inverse: 'f32', dy: 'vec4f' },
  writes: { partial: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  let first = index / u.width * ${BLOCK}u;
  let c = index % u.width;
  if (first >= u.rows) { return; }
  var sum = vec4f();
  for (var row = first; row < min(first + ${BLOCK}u, u.rows); row++) {
    let at = row * u.width + c;
    sum += dy[at] * x[at] * inverse[row];
  }
  partial[index] = sum;
}`,
}));

/** The contracts of RmsNorm and RmsNormGrad; see ../rms_norm.ts. */
export const RMS_NORM: Record<string, Body> = {
  RmsNorm(backend, { x, gain }, { epsilon }) {
    const [rows, d] = x.shape;
    const [y, inverse] = [backend.make([rows, d]), backend.make([rows])];
    backend.dispatch(norm(backend.lanes), {
      reads: [x, gain],
      writes: [y, inverse],
      uniforms: [rows, d / 4, epsilon],
      threads: rows * backend.lanes,
    });
    return [y, inverse];
  },
  RmsNormGrad(backend, { x, gain, inverse, dy }) {
    const [rows, d] = x.shape;
    const dx = backend.make([rows, d]);
    backend.dispatch(inputGradient(backend.lanes), {
      reads: [x, gain, inverse, dy],
      writes: [dx],
      uniforms: [rows, d / 4],
      threads: rows * backend.lanes,
    });
    const blocks = Math.ceil(rows / BLOCK);
    const partial = backend.make([blocks, d]);
    backend.dispatch(gainGradient(), {
      reads: [x, inverse, dy],
      writes: [partial],
      uniforms: [rows, d / 4],
      threads: (blocks * d) / 4,
    });
    return [dx, sumRows(backend, partial, [d])];
  },
};
