import type { Kernel } from './kernel.ts';
import type { Op } from './register.ts';

const forward: Kernel = {
  name: 'swiglu',
  reads: { x: 'vec4f' },
  writes: { y: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.rows * u.width) { return; }
  let at = index / u.width * 2u * u.width + index % u.width;
  let gate = x[at];
  y[index] = gate / (1.0 + exp(-gate)) * x[at + u.width];
}`,
};

/** d silu(g) / dg = s + g s (1 - s), s = sigmoid(g). */
const backward: Kernel = {
  name: 'swigluGrad',
  reads: { x: 'vec4f', dy: 'vec4f' },
  writes: { dx: 'vec4f' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  code: `fn run(index: u32) {
  if (index >= u.rows * u.width) { return; }
  let at = index / u.width * 2u * u.width + index % u.width;
  let gate = x[at];
  let s = 1.0 / (1.0 + exp(-gate));
  let d = dy[index];
  dx[at] = d * x[at + u.width] * (s + gate * s * (1.0 - s));
  dx[at + u.width] = d * gate * s;
}`,
};

/** The contracts of SwiGlu and SwiGluGrad; see ../swiglu.ts. */
export const SWIGLU: Op = {
  kernels: () => [forward, backward],
  bodies: {
    SwiGlu(backend, { x }) {
      const [rows, both] = x.shape;
      const y = backend.make([rows, both / 2]);
      backend.dispatch(forward, {
        reads: [x],
        writes: [y],
        uniforms: [rows, both / 8],
        threads: (rows * both) / 8,
      });
      return [y];
    },
    SwiGluGrad(backend, { x, dy }) {
      const [rows, both] = x.shape;
      const dx = backend.make([rows, both]);
      backend.dispatch(backward, {
        reads: [x, dy],
        writes: [dx],
        uniforms: [rows, both / 8],
        threads: (rows * both) / 8,
      });
      return [dx];
    },
  },
};
