import * as tf from '@tensorflow/tfjs-core';

/** What we use of tfjs-backend-wasm: its allocator of tensors, and its memory. */
interface WasmBackend extends tf.KernelBackend {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  dataIdMap: { get(id: object): { memoryOffset: number } };
  wasm: { asm: { memory: WebAssembly.Memory } };
}

type Simd = Record<string, (...args: number[]) => number>;
type Inputs = Record<string, tf.TensorInfo>;
type Attributes = Record<string, number>;

/** One kernel: allocates outputs with `make`, finds bytes with `at`, calls into the SIMD module. */
type Body = (tools: {
  simd: Simd;
  at: (info: tf.TensorInfo) => number;
  make: (shape: number[], dtype?: tf.DataType) => tf.TensorInfo;
  /** Memory for the duration of the kernel, in floats. */
  scratch: (floats: number) => number;
  inputs: Inputs;
  attributes: Attributes;
}) => tf.TensorInfo[];

const KERNELS: Record<string, Body> = {
  LinearMatMul: ({ simd, at, make, scratch, inputs: { a, b }, attributes: { transposeA, transposeB } }) => {
    const [rowsA, colsA] = a.shape;
    const [rowsB, colsB] = b.shape;
    const [m, k] = transposeA ? [colsA, rowsA] : [rowsA, colsA];
    const n = transposeB ? rowsB : colsB;
    const out = make([m, n]);
    let right = at(b);
    if (transposeB) {
      right = scratch(rowsB * colsB);
      simd.transpose(at(b), right, rowsB, colsB);
    }
    simd.matmul(at(a), right, at(out), m, n, k, transposeA ? 1 : colsA, transposeA ? colsA : 1);
    return [out];
  },
  RmsNorm: ({ simd, at, make, inputs: { x, gain }, attributes }) => {
    const [rows, d] = x.shape;
    const [y, inverse] = [make([rows, d]), make([rows])];
    simd.rmsNorm(at(x), at(gain), at(y), at(inverse), rows, d, attributes.epsilon);
    return [y, inverse];
  },
  RmsNormGrad: ({ simd, at, make, inputs: { x, gain, inverse, dy } }) => {
    const [rows, d] = x.shape;
    const [dx, dgain] = [make([rows, d]), make([d])];
    simd.rmsNormGrad(at(x), at(gain), at(dy), at(inverse), at(dx), at(dgain), rows, d);
    return [dx, dgain];
  },
  SwiGlu: ({ simd, at, make, inputs: { x } }) => {
    const [rows, both] = x.shape;
    const y = make([rows, both / 2]);
    simd.swiglu(at(x), at(y), rows, both / 2);
    return [y];
  },
  SwiGluGrad: ({ simd, at, make, inputs: { x, dy } }) => {
    const [rows, both] = x.shape;
    const dx = make([rows, both]);
    simd.swigluGrad(at(x), at(dy), at(dx), rows, both / 2);
    return [dx];
  },
  GatherRows: ({ simd, at, make, inputs: { table, ids } }) => {
    const [count, d] = [ids.shape[0], table.shape[1]];
    const y = make([count, d]);
    simd.gatherRows(at(table), at(ids), at(y), count, d);
    return [y];
  },
  ScatterAddRows: ({ simd, at, make, inputs: { dy, ids }, attributes: { rows } }) => {
    const [count, d] = dy.shape;
    const out = make([rows, d]);
    simd.scatterAddRows(at(dy), at(ids), at(out), count, rows, d);
    return [out];
  },
  CopyRows: ({ simd, at, make, inputs: { buffer, from, to }, attributes: { floats } }) => {
    simd.copyRows(at(buffer), at(from), at(to), from.shape[0], floats);
    return [make([1])];
  },
  Attention: ({ simd, at, make, scratch, inputs, attributes: { heads, headSize, width } }) => {
    const { qkv, starts, cos, sin } = inputs;
    const rows = qkv.shape[0];
    const [out, logSum] = [make([rows, heads * headSize]), make([rows, heads])];
    const room = scratch((headSize + 1) * width + headSize + 4);
    simd.attention(
      at(qkv),
      at(starts),
      at(cos),
      at(sin),
      at(out),
      at(logSum),
      room,
      starts.shape[0] - 1,
      heads,
      headSize,
      width,
    );
    return [out, logSum];
  },
  AttentionGrad: ({ simd, at, make, scratch, inputs, attributes: { heads, headSize, width } }) => {
    const { qkv, starts, cos, sin, out, logSum, dout } = inputs;
    const dqkv = make(qkv.shape);
    const room = scratch((6 * headSize + 2) * width + headSize);
    simd.attentionGrad(
      at(qkv),
      at(starts),
      at(cos),
      at(sin),
      at(out),
      at(logSum),
      at(dout),
      at(dqkv),
      room,
      starts.shape[0] - 1,
      heads,
      headSize,
      width,
    );
    return [dqkv];
  },
  DecodeAttention: ({
    simd,
    at,
    make,
    scratch,
    inputs,
    attributes: { heads, headSize, width, position },
  }) => {
    const { qkv, rows, cos, sin, keys, values } = inputs;
    const count = qkv.shape[0];
    const out = make([count, heads * headSize]);
    simd.decodeAttention(
      at(qkv),
      at(rows),
      at(cos),
      at(sin),
      at(keys),
      at(values),
      at(out),
      scratch(width + headSize + 4),
      count,
      heads,
      headSize,
      width,
      position,
    );
    return [out];
  },
  LogProbs: ({ simd, at, make, inputs: { logits, targets } }) => {
    const [rows, n] = logits.shape;
    const out = make([3, rows]);
    simd.logProbs(at(logits), at(targets), at(out), rows, n);
    return [out];
  },
  LogProbsGrad: ({ simd, at, make, inputs: { logits, targets, out, dout } }) => {
    const [rows, n] = logits.shape;
    const dlogits = make([rows, n]);
    simd.logProbsGrad(at(logits), at(targets), at(out), at(dout), at(dlogits), rows, n);
    return [dlogits];
  },
  SampleRows: ({ simd, at, make, scratch, inputs: { logits, uniforms }, attributes: { temperature } }) => {
    const [rows, n] = logits.shape;
    const [ids, logProbs] = [make([rows], 'int32'), make([rows])];
    simd.sampleRows(at(logits), at(uniforms), at(ids), at(logProbs), scratch(n + 4), rows, n, temperature);
    return [ids, logProbs];
  },
  AdamW: ({ simd, at, make, inputs, attributes: { scale, rate, epsilon, beta1, beta2, shrink } }) => {
    const { parameters, gradient, first, second, decay } = inputs;
    const count = parameters.shape[0];
    const [p, m, v] = [make([count]), make([count]), make([count])];
    simd.adamw(
      at(parameters),
      at(gradient),
      at(first),
      at(second),
      at(decay),
      at(p),
      at(m),
      at(v),
      count,
      scale,
      rate,
      epsilon,
      beta1,
      beta2,
      shrink,
    );
    return [p, m, v];
  },
  SumOfSquares: ({ simd, at, make, inputs: { x } }) => {
    const out = make([1]);
    simd.sumOfSquares(at(x), at(out), tf.util.sizeFromShape(x.shape));
    return [out];
  },
};

/**
 * Registers the SIMD kernels for the `wasm` backend, which must be initialised: they share its memory.
 * @param module compiled from `generated/kernels.wasm`
 */
export async function registerWasmKernels(module: WebAssembly.Module): Promise<void> {
  const backend = tf.engine().findBackend('wasm') as WasmBackend;
  const instance = await WebAssembly.instantiate(module, { env: { memory: backend.wasm.asm.memory } });
  const simd = instance.exports as unknown as Simd;
  const at = (info: tf.TensorInfo): number => {
    const offset = backend.dataIdMap.get(info.dataId).memoryOffset;
    if (!offset)
      throw new Error(`wasm kernels: no memory for a tensor of shape [${info.shape}]; use smaller batches`);
    return offset;
  };
  const make = (shape: number[], dtype: tf.DataType = 'float32') => backend.makeOutput(shape, dtype);
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
          simd,
          at,
          make,
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
