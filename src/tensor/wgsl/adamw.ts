import type { Kernel } from './kernel.ts';
import type { Op } from './register.ts';

const update: Kernel = {
  name: 'adamw',
  reads: { parameters: 'vec4f', gradient: 'vec4f', first: 'vec4f', second: 'vec4f', decay: 'vec4f' },
  writes: { p: 'vec4f', m: 'vec4f', v: 'vec4f' },
  uniforms: {
    count: 'u32',
    scale: 'f32',
    rate: 'f32',
    epsilon: 'f32',
    beta1: 'f32',
    beta2: 'f32',
    rest1: 'f32',
    rest2: 'f32',
    shrink: 'f32',
  },
  workgroup: 64,
  code: `fn run(i: u32) {
  if (i >= u.count) { return; }
  let g = gradient[i] * u.scale;
  let nextFirst = first[i] * u.beta1 + g * u.rest1;
  let nextSecond = second[i] * u.beta2 + g * g * u.rest2;
  let old = parameters[i];
  m[i] = nextFirst;
  v[i] = nextSecond;
  p[i] = old - old * decay[i] * u.shrink - nextFirst * u.rate / (sqrt(nextSecond) + u.epsilon);
}`,
};

/** The contract of AdamW; see ../adamw.ts. */
export const ADAMW: Op = {
  kernels: () => [update],
  bodies: {
    AdamW(backend, inputs, { scale, rate, epsilon, beta1, beta2, shrink }) {
      const { parameters, gradient, first, second, decay } = inputs;
      const writes = [0, 1, 2].map(() => backend.make(parameters.shape));
      // The last vector may reach past the tensor's end, into what its buffer was rounded up by.
      const count = Math.ceil(parameters.shape[0] / 4);
      backend.dispatch(update, {
        reads: [parameters, gradient, first, second, decay],
        writes,
        uniforms: [count, scale, rate, epsilon, beta1, beta2, 1 - beta1, 1 - beta2, shrink],
        threads: count,
      });
      return writes;
    },
  },
};
