import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo, TypedArray } from '@tensorflow/tfjs-core';
import { DeviceLostError } from '../errors.ts';
import { BufferPool } from './buffer_pool.ts';
import { type Kernel, type Pipeline, PipelineCache, UNIFORM_BYTES } from './kernel.ts';
import type { Form, Variant } from './matmul.ts';

/** Dispatches a submit: few enough for a GPU's watchdog, many enough to make submits cheap (tfjs takes 15). */
export const SUBMIT_BATCH = 64;

/** What multiplies until the device has been measured. */
const PLAIN: Variant = { rows: 8, columns: 8, shared: false };

/** What we use of tfjs's recording of commands. */
interface Recorder {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
}

/** One use of a kernel. */
export interface Dispatch {
  reads: TensorInfo[];
  writes: TensorInfo[];
  /** In the order of the kernel's `uniforms`. */
  uniforms: number[];
  /** Invocations wanted; rounded up to whole workgroups. */
  threads: number;
}

/**
 * tfjs's WebGPU backend with a way to run our kernels (one bind group and a slot of one shared uniform buffer a
 * dispatch), a bounded pool of buffers, and failures that reach whoever waits for a result.
 */
export class EngineBackend extends WebGPUBackend {
  /** Called with the name of each dispatch, ours and tfjs's. */
  onDispatch?: (name: string) => void;
  /** Invocations that share a row; more than one where subgroups can combine what they found. */
  lanes = 1;
  /** The fastest variant of each product on this device. */
  matmul: Record<Form, Variant> = { nn: PLAIN, nt: PLAIN, tn: PLAIN };
  readonly pipelines: PipelineCache;
  readonly pool: BufferPool;
  readonly #uniforms: GPUBuffer;
  readonly #staging = new ArrayBuffer(SUBMIT_BATCH * UNIFORM_BYTES);
  #slots = 0;
  #failure: Error | null = null;

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    this.pool = new BufferPool(device);
    this.bufferManager = this.pool as unknown as typeof this.bufferManager;
    this.pipelines = new PipelineCache(device);
    this.#uniforms = device.createBuffer({
      size: this.#staging.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    device.lost.then(({ reason, message }) => {
      this.#failure = new DeviceLostError(message || reason);
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      const remedy =
        error instanceof GPUOutOfMemoryError ? '; lower train_batch_size, or use --device wasm' : '';
      this.#failure ??= new Error(`WebGPU: ${error.message}${remedy}`);
    });
  }

  /** A tensor whose values are on the device, to be written by a kernel. */
  make(shape: number[], dtype: 'float32' | 'int32' = 'float32'): TensorInfo {
    const info = this.makeTensorInfo(shape, dtype);
    this.uploadToGPU(info.dataId);
    return info;
  }

  /** The tensor's buffer, with its values. */
  bufferOf(info: TensorInfo): GPUBuffer {
    this.uploadToGPU(info.dataId);
    return this.tensorMap.get(info.dataId).resource as GPUBuffer;
  }

  /** Records one dispatch. Tensors may be disposed right after: their buffers are reused in the order of recording. */
  dispatch(kernel: Kernel, { reads, writes, uniforms, threads }: Dispatch): void {
    this.checkFailure();
    if (threads === 0) return;
    const pipeline = this.pipelines.get(kernel);
    // Uploads end the pass, so they come first.
    const buffers = [...reads, ...writes].map((info) => this.bufferOf(info));
    const offset = this.#slots++ * UNIFORM_BYTES;
    this.#writeUniforms(kernel, uniforms, offset);
    const group = this.device.createBindGroup({
      layout: pipeline.layout,
      entries: [
        { binding: 0, resource: { buffer: this.#uniforms, size: UNIFORM_BYTES } },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    });
    this.onDispatch?.(kernel.name);
    this.#record(pipeline, group, offset, Math.ceil(threads / kernel.workgroup));
  }

  /** Copies `elements` numbers between tensors, without a dispatch. */
  copy(from: TensorInfo, fromElement: number, to: TensorInfo, toElement: number, elements: number): void {
    const [source, target] = [this.bufferOf(from), this.bufferOf(to)];
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.#recorder.commandEncoder!.copyBufferToBuffer(
      source,
      fromElement * 4,
      target,
      toElement * 4,
      elements * 4,
    );
  }

  /** Submits what was recorded, if anything. */
  flush(): void {
    if (!this.#recorder.commandEncoder) return;
    this.endComputePassEncoder();
    this.submitQueue();
  }

  override submitQueue(): void {
    this.queue.writeBuffer(this.#uniforms, 0, this.#staging, 0, this.#slots * UNIFORM_BYTES);
    this.#slots = 0;
    super.submitQueue();
    this.pool.trim();
  }

  override runWebGPUProgram(
    ...call: Parameters<WebGPUBackend['runWebGPUProgram']>
  ): ReturnType<WebGPUBackend['runWebGPUProgram']> {
    this.checkFailure();
    this.onDispatch?.(call[0].constructor.name);
    return super.runWebGPUProgram(...call);
  }

  /** Values of a tensor. Rejects with DeviceLostError when the device is lost, also while waiting. */
  override async read(dataId: object): ReturnType<WebGPUBackend['read']> {
    this.checkFailure();
    const { values, shape, dtype } = this.tensorMap.get(dataId);
    if (values != null) return values;
    const count = shape.reduce((a, b) => a * b, 1);
    const staging = this.pool.acquireBuffer(count * 4, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    const source = this.tensorMap.get(dataId).resource as GPUBuffer;
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.#recorder.commandEncoder!.copyBufferToBuffer(source, 0, staging, 0, count * 4);
    this.submitQueue();
    try {
      await staging.mapAsync(GPUMapMode.READ, 0, count * 4);
    } catch (error) {
      throw this.#failure ?? new DeviceLostError((error as Error).message);
    }
    this.checkFailure();
    const bytes = staging.getMappedRange(0, count * 4).slice(0);
    staging.unmap();
    this.pool.releaseBuffer(staging);
    return (dtype === 'int32' ? new Int32Array(bytes) : new Float32Array(bytes)) as TypedArray;
  }

  /** Frees the device and all that it holds; later uses of its tensors fail. */
  override dispose(): void {
    super.dispose();
    this.device.destroy();
  }

  /** Throws what befell the device, if anything did. */
  checkFailure(): void {
    if (this.#failure) throw this.#failure;
  }

  get #recorder(): Recorder {
    return this as unknown as Recorder;
  }

  #writeUniforms(kernel: Kernel, values: number[], offset: number): void {
    const view = new DataView(this.#staging, offset, UNIFORM_BYTES);
    Object.values(kernel.uniforms).forEach((type, i) => {
      if (type === 'f32') view.setFloat32(i * 4, values[i], true);
      else view.setUint32(i * 4, values[i], true);
    });
  }

  #record(pipeline: Pipeline, group: GPUBindGroup, offset: number, workgroups: number): void {
    const recorder = this.#recorder;
    this.ensureCommandEncoderReady();
    recorder.computePassEncoder ??= recorder.commandEncoder!.beginComputePass();
    const pass = recorder.computePassEncoder;
    pass.setPipeline(pipeline.pipeline);
    pass.setBindGroup(0, group, [offset]);
    const limit = this.device.limits.maxComputeWorkgroupsPerDimension;
    const rows = Math.ceil(workgroups / limit);
    pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
    recorder.dispatchCountInPass++;
    if (this.#slots === SUBMIT_BATCH) this.flush();
  }
}
