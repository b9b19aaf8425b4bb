import type { Kernel } from './kernel.ts';
import type { Body } from './register.ts';

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

/** One invocation a vector of one copy. */
const copy: Kernel = {
  name: 'copyRows',
  reads: { sources: 'i32', targets: 'i32' },
  writes: { buffer: 'vec4f' },
  uniforms: { count: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.count * u.width) { return; }
  let i = index / u.width;
  let c = index % u.width;
  buffer[u32(targets[i]) * u.width + c] = buffer[u32(sources[i]) * u.width + c];
}`,
};

/** The contracts of GatherRows, ScatterAddRows (../rows.ts) and CopyRows (the cache of keys and values). */
export const ROWS: Record<string, Body> = {
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
  CopyRows(backend, { buffer, from, to }, { floats }) {
    const count = from.shape[0];
    backend.dispatch(copy, {
      reads: [from, to],
      writes: [buffer],
      uniforms: [count, floats / 4],
      threads: (count * floats) / 4,
    });
    return [backend.make([1])];
  },
};
