import { laneCode } from './lanes.ts';
import type { Op } from './register.ts';
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

/**
 * dx = inverse (g - x inverse mean(g x inverse)), g = dy gain; and, by the invocations after those, sums of
 * dy x inverse over blocks of rows, [blocks, d].
 */
const gradient = variants((lanes: number) => ({
  name: `rmsNormGrad ${lanes}`,
  reads: { x: 'vec4f', gain: 'vec4f', inverse: 'f32', dy: 'vec4f' },
  writes: { dx: 'vec4f', partial: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  subgroups: lanes > 1,
  code: `${laneCode(lanes)}
fn inputGradient(row: u32, lane: u32) {
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
}
fn gainGradient(index: u32) {
  let first = index / u.width * ${BLOCK}u;
  if (first >= u.rows) { return; }
  var sum = vec4f();
  for (var row = first; row < min(first + ${BLOCK}u, u.rows); row++) {
    let at = row * u.width + index % u.width;
    sum += dy[at] * x[at] * inverse[row];
  }
  partial[index] = sum;
}
fn run(index: u32) {
  if (index < u.rows * LANES) {
    inputGradient(index / LANES, index % LANES);
  } else {
    gainGradient(index - u.rows * LANES);
  }
}`,
}));

/** The contracts of RmsNorm and RmsNormGrad; see ../rms_norm.ts. */
export const RMS_NORM: Op = {
  kernels: ({ lanes }) => [norm(lanes), gradient(lanes)],
  bodies: {
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
      const blocks = Math.ceil(rows / BLOCK);
      const [dx, partial] = [backend.make([rows, d]), backend.make([blocks, d])];
      backend.dispatch(gradient(backend.lanes), {
        reads: [x, gain, inverse, dy],
        writes: [dx, partial],
        uniforms: [rows, d / 4],
        threads: rows * backend.lanes + (blocks * d) / 4,
      });
      return [dx, sumRows(backend, partial, [d])];
    },
  },
};
