import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EngineBackend } from './backend.ts';
import { laneCode } from './lanes.ts';
import type { Op } from './register.ts';
import { variants } from './variants.ts';

/** Sums of rows: out[i] = partial[0, i] + partial[1, i] + ..., in that order. */
const addRows = variants(() => ({
  name: 'sumRows',
  reads: { partial: 'vec4f' },
  writes: { out: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.width) { return; }
  var sum = vec4f();
  for (var row = 0u; row < u.rows; row++) { sum += partial[row * u.width + index]; }
  out[index] = sum;
}`,
}));

/** Adds the rows of [rows, width] up, width a multiple of 4, and disposes them; the result has `shape`. */
export function sumRows(backend: EngineBackend, partial: TensorInfo, shape: number[]): TensorInfo {
  const [rows, width] = partial.shape;
  const out = backend.make(shape);
  backend.dispatch(addRows(), {
    reads: [partial],
    writes: [out],
    uniforms: [rows, width / 4],
    threads: width / 4,
  });
  backend.disposeData(partial.dataId);
  return out;
}

/** Invocations of the first stage of a sum of squares. */
const PARTS = 1024;

/** Sum of squares of every PARTS-th element, and beside it the number of elements that are not finite. */
const squareParts = variants(() => ({
  name: 'sumOfSquares parts',
  reads: { x: 'u32' },
  writes: { parts: 'vec2f' },
  uniforms: { count: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  var sum = vec2f();
  for (var i = index; i < u.count; i += ${PARTS}u) {
    // Compilers may take numbers for finite, so bits decide.
    let bits = x[i];
    let v = bitcast<f32>(bits);
    sum += vec2f(v * v, select(0.0, 1.0, (bits & 0x7f800000u) == 0x7f800000u));
  }
  parts[index] = sum;
}`,
}));

/** The sum of the parts, or NaN where something was not finite. */
const squares = variants((lanes: number) => ({
  name: `sumOfSquares ${lanes}`,
  reads: { parts: 'vec2f' },
  writes: { out: 'u32' },
  uniforms: { nan: 'u32' },
  workgroup: 64,
  subgroups: lanes > 1,
  code: `${laneCode(lanes)}
fn run(index: u32) {
  let lane = index % LANES;
  var sum = vec2f();
  for (var i = lane; i < ${PARTS}u; i += LANES) { sum += parts[i]; }
  let all = total(sum.x);
  let broken = total(sum.y);
  if (index == 0u) { out[0] = select(bitcast<u32>(all), u.nan, broken > 0.0); }
}`,
}));

/** The contract of SumOfSquares; see `gradientNorm` in ../adamw.ts. */
export const SUM: Op = {
  kernels: ({ lanes }) => [addRows(), squareParts(), squares(lanes)],
  bodies: {
    SumOfSquares(backend, { x }) {
      const parts = backend.make([PARTS, 2]);
      const out = backend.make([1]);
      const count = x.shape.reduce((a, b) => a * b, 1);
      backend.dispatch(squareParts(), { reads: [x], writes: [parts], uniforms: [count], threads: PARTS });
      backend.dispatch(squares(backend.lanes), {
        reads: [parts],
        writes: [out],
        uniforms: [0x7fc00000],
        threads: backend.lanes,
      });
      backend.disposeData(parts.dataId);
      return [out];
    },
  },
};
