import * as tf from '@tensorflow/tfjs-core';
import type { KernelThreads } from './kernel_threads.ts';

/** What we use of tfjs-backend-wasm: its allocator of tensors, and its memory. */
export interface WasmBackend extends tf.KernelBackend {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  dataIdMap: { get(id: object): { memoryOffset: number } };
  wasm: { asm: { memory: WebAssembly.Memory }; HEAPU8: Uint8Array };
}

type Inputs = Record<string, tf.TensorInfo>;
type Attributes = Record<string, number> & { sizes?: number[] };

/** One kernel: allocates outputs with `make`, finds bytes with `at`, runs kernels of the SIMD module. */
type Body = (tools: {
  /** Runs a kernel on a number of items, each of about `work` operations, on as many threads as that is worth. */
  run: KernelThreads['run'];
  threads: KernelThreads;
  at: (info: tf.TensorInfo) => number;
  make: (shape: number[], dtype?: tf.DataType) => tf.TensorInfo;
  /** Copies floats of one tensor, from a place on, to the beginning of another. */
  copy: (from: tf.TensorInfo, start: number, to: tf.TensorInfo, floats: number) => void;
  /** Memory for the duration of the kernel, in floats. */
  scratch: (floats: number) => number;
  inputs: Inputs;
  attributes: Attributes;
}) => tf.TensorInfo[];

/** Columns of a panel of a packed matrix. */
const PANEL = 8;

/** Floats of a packed [k, n] matrix. */
export function packedSize(k: number, n: number): number {
  return k * Math.ceil(n / PANEL) * PANEL;
}

/** Operations of an exponential and what goes with it, about. */
const EXP = 24;

const KERNELS: Record<string, Body> = {
  LinearMatMul: ({ run, at, make, scratch, inputs: { a, b }, attributes: { transposeA, transposeB } }) => {
    const [rowsA, colsA] = a.shape;
    const [rowsB, colsB] = b.shape;
    const [m, k] = transposeA ? [colsA, rowsA] : [rowsA, colsA];
    const n = transposeB ? rowsB : colsB;
    const out = make([m, n]);
    const packed = scratch(packedSize(k, n));
    const [down, right] = transposeB ? [1, colsB] : [colsB, 1];
    run('packPanels', Math.ceil(n / PANEL), PANEL * k, at(b), packed, k, n, down, right);
    run('matmul', m, 2 * n * k, at(a), packed, at(out), n, k, transposeA ? 1 : colsA, transposeA ? colsA : 1);
    return [out];
  },
  CutFlat: ({ copy, make, inputs: { flat }, attributes: { sizes } }) => {
    let from = 0;
    return sizes!.map((size) => {
      const piece = make([size]);
      copy(flat, from, piece, size);
      from += size;
      return piece;
    });
  },
  RmsNorm: ({ run, at, make, inputs: { x, gain }, attributes }) => {
    const [rows, d] = x.shape;
    const [y, inverse] = [make([rows, d]), make([rows])];
    run('rmsNorm', rows, 4 * d, at(x), at(gain), at(y), at(inverse), d, attributes.epsilon);
    return [y, inverse];
  },
  RmsNormGrad: ({ run, at, make, inputs: { x, gain, inverse, dy } }) => {
    const [rows, d] = x.shape;
    const [dx, dgain] = [make([rows, d]), make([d])];
    run('rmsNormGrad', rows, 8 * d, at(x), at(gain), at(dy), at(inverse), at(dx), d);
    run('rmsNormGainGrad', d / 4, 16 * rows, at(x), at(dy), at(inverse), at(dgain), rows, d);
    return [dx, dgain];
  },
  SwiGlu: ({ run, at, make, inputs: { x } }) => {
    const [rows, both] = x.shape;
    const y = make([rows, both / 2]);
    run('swiglu', rows, (EXP * both) / 2, at(x), at(y), both / 2);
    return [y];
  },
  SwiGluGrad: ({ run, at, make, inputs: { x, dy } }) => {
    const [rows, both] = x.shape;
    const dx = make([rows, both]);
    run('swigluGrad', rows, (EXP * both) / 2, at(x), at(dy), at(dx), both / 2);
    return [dx];
  },
  GatherRows: ({ threads, at, make, inputs: { table, ids } }) => {
    const [count, d] = [ids.shape[0], table.shape[1]];
    const y = make([count, d]);
    threads.runAlone('gatherRows', at(table), at(ids), at(y), count, d);
    return [y];
  },
  // Rows may repeat, and add up in order: one thread.
  ScatterAddRows: ({ threads, at, make, inputs: { dy, ids }, attributes: { rows } }) => {
    const [count, d] = dy.shape;
    const out = make([rows, d]);
    threads.runAlone('scatterAddRows', at(dy), at(ids), at(out), count, rows, d);
    return [out];
  },
  Attention: ({ run, threads, at, make, scratch, inputs, attributes: { heads, headSize, width } }) => {
    const { qkv, starts, cos, sin } = inputs;
    const rows = qkv.shape[0];
    const [out, logSum] = [make([rows, heads * headSize]), make([rows, heads])];
    const room = scratch(threads.size * ((headSize + 1) * width + headSize + 4));
    const sequences = starts.shape[0] - 1;
    run(
      'attention',
      sequences * heads,
      (rows / sequences) * (width / 2) * (4 * headSize + EXP),
      at(qkv),
      at(starts),
      at(cos),
      at(sin),
      at(out),
      at(logSum),
      room,
      heads,
      headSize,
      width,
    );
    return [out, logSum];
  },
  AttentionGrad: ({ run, threads, at, make, scratch, inputs, attributes: { heads, headSize, width } }) => {
    const { qkv, starts, cos, sin, out, logSum, dout } = inputs;
    const dqkv = make(qkv.shape);
    const room = scratch(threads.size * ((6 * headSize + 2) * width + headSize));
    const sequences = starts.shape[0] - 1;
    run(
      'attentionGrad',
      sequences * heads,
      (qkv.shape[0] / sequences) * (width / 2) * (10 * headSize + EXP),
      at(qkv),
      at(starts),
      at(cos),
      at(sin),
      at(out),
      at(logSum),
      at(dout),
      at(dqkv),
      room,
      heads,
      headSize,
      width,
    );
    return [dqkv];
  },
  LogProbs: ({ run, at, make, inputs: { logits, targets } }) => {
    const [rows, n] = logits.shape;
    const out = make([3, rows]);
    run('logProbs', rows, EXP * n, at(logits), at(targets), at(out), rows, n);
    return [out];
  },
  LogProbsGrad: ({ run, at, make, inputs: { logits, targets, out, dout } }) => {
    const [rows, n] = logits.shape;
    const dlogits = make([rows, n]);
    run('logProbsGrad', rows, EXP * n, at(logits), at(targets), at(out), at(dout), at(dlogits), rows, n);
    return [dlogits];
  },
  SampleRows: ({ threads, at, make, scratch, inputs: { logits, uniforms }, attributes: { temperature } }) => {
    const [rows, n] = logits.shape;
    const [ids, logProbs] = [make([rows], 'int32'), make([rows])];
    const room = scratch(n + 4);
    threads.runAlone(
      'sampleRows',
      at(logits),
      at(uniforms),
      at(ids),
      at(logProbs),
      room,
      n,
      temperature,
      0,
      rows,
    );
    return [ids, logProbs];
  },
  AdamW: ({ run, at, make, inputs, attributes: { scale, rate, epsilon, beta1, beta2, shrink } }) => {
    const { parameters, gradient, first, second, decay } = inputs;
    const count = parameters.shape[0];
    const [p, m, v] = [make([count]), make([count]), make([count])];
    run(
      'adamw',
      count,
      20,
      at(parameters),
      at(gradient),
      at(first),
      at(second),
      at(decay),
      at(p),
      at(m),
      at(v),
      scale,
      rate,
      epsilon,
      beta1,
      beta2,
      shrink,
    );
    return [p, m, v];
  },
  // One sum in a fixed order: one thread.
  SumOfSquares: ({ threads, at, make, inputs: { x } }) => {
    const out = make([1]);
    threads.runAlone('sumOfSquares', at(x), at(out), tf.util.sizeFromShape(x.shape));
    return [out];
  },
};

/** The backend of the `wasm` device, and the kernels that share its memory. */
export interface WasmEngine {
  backend: WasmBackend;
  threads: KernelThreads;
}

let current: WasmEngine | undefined;

/** The engine of the `wasm` device; throws when that was not started. */
export function wasmEngine(): WasmEngine {
  if (!current) throw new Error('wasmEngine(): the wasm device is not started; call useWasm() first');
  return current;
}

/** Forgets the engine of a device that has ended. */
export function forgetWasmEngine(): void {
  current = undefined;
}

/** Where the bytes of a tensor lie in the memory. */
export function addressOf({ backend }: WasmEngine, info: tf.TensorInfo): number {
  const offset = backend.dataIdMap.get(info.dataId).memoryOffset;
  if (!offset)
    throw new Error(`wasm kernels: no memory for a tensor of shape [${info.shape}]; use smaller batches`);
  return offset;
}

/** Registers the SIMD kernels for the `wasm` backend, which must be initialised: they share its memory. */
export function registerWasmKernels(engine: WasmEngine): void {
  current = engine;
  const { backend, threads } = engine;
  const at = (info: tf.TensorInfo) => addressOf(engine, info);
  const make = (shape: number[], dtype: tf.DataType = 'float32') => backend.makeOutput(shape, dtype);
  const run: KernelThreads['run'] = (...call) => threads.run(...call);
  const copy = (from: tf.TensorInfo, start: number, to: tf.TensorInfo, floats: number) => {
    const begin = at(from) + 4 * start;
    backend.wasm.HEAPU8.copyWithin(at(to), begin, begin + 4 * floats);
  };
  registerIdentity(backend);
  for (const [kernelName, body] of Object.entries(KERNELS)) {
    if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => {
        const borrowed: tf.TensorInfo[] = [];
        const scratch = (floats: number): number => {
          const info = make([floats]);
          borrowed.push(info);
          return at(info);
        };
        const outputs = body({
          run,
          threads,
          at,
          make,
          copy,
          scratch,
          inputs: inputs as Inputs,
          attributes: (attrs ?? {}) as Attributes,
        });
        for (const info of borrowed) backend.disposeData(info.dataId);
        return outputs;
      },
    });
  }
}

/** Another tensor on the same bytes. tfjs-backend-wasm copies them, for every tensor that the tape keeps. */
function registerIdentity(backend: WasmBackend): void {
  tf.unregisterKernel('Identity', 'wasm');
  tf.registerKernel({
    kernelName: 'Identity',
    backendName: 'wasm',
    kernelFunc: ({ inputs }) => {
      const { dataId, shape, dtype } = inputs.x as tf.TensorInfo;
      backend.incRef(dataId);
      return { dataId, shape, dtype };
    },
  });
}
