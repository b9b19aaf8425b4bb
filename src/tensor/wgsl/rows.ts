import type { Kernel } from './kernel.ts';
import type { Op } from './register.ts';

const gather: Kernel = {
  name: 'gatherRows',
  reads: { table: 'vec4f', ids: 'i32' },
  writes: { y: 'vec4f' },
  uniforms: { count: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.count * u.width) { return; }
  y[index] = table[u32(ids[index / u.width]) * u.width + index % u.width];
}`,
};

/** Each cell adds up the rows that name it, in their order: no atomics. */
const scatter: Kernel = {
  name: 'scatterAddRows',
  reads: { dy: 'vec4f', order: 'i32', starts: 'i32' },
  writes: { out: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.rows * u.width) { return; }
  let row = index / u.width;
  let c = index % u.width;
  var sum = vec4f();
  for (var i = starts[row]; i < starts[row + 1u]; i++) { sum += dy[u32(order[i]) * u.width + c]; }
  out[index] = sum;
}`,
};

/** The contracts of GatherRows and ScatterAddRows; see ../rows.ts. */
export const ROWS: Op = {
  kernels: () => [gather, scatter],
  bodies: {
    GatherRows(backend, { table, ids }) {
      const [count, d] = [ids.shape[0], table.shape[1]];
      const y = backend.make([count, d]);
      backend.dispatch(gather, {
        reads: [table, ids],
        writes: [y],
        uniforms: [count, d / 4],
        threads: (count * d) / 4,
      });
      return [y];
    },
    ScatterAddRows(backend, { dy, order, starts }, { rows }) {
      const d = dy.shape[1];
      const out = backend.make([rows, d]);
      backend.dispatch(scatter, {
        reads: [dy, order, starts],
        writes: [out],
        uniforms: [rows, d / 4],
        threads: (rows * d) / 4,
      });
      return [out];
    },
  },
};
