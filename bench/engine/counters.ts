/** What a contender has asked of its device so far. Each contender has a worker, and so counters, to itself. */
export interface Counters {
  /** Compute dispatches. */
  dispatches: number;
  /** Bytes of GPU buffers that were created and not yet destroyed, and the most that it ever was. */
  gpuBytes: number;
  peakGpuBytes: number;
  /** Bytes of GPU buffers created, destroyed ones included. */
  createdGpuBytes: number;
}

/** Bytes of all WebAssembly memories; they never shrink. */
export function wasmBytes(): number {
  return [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
}

const memories = new Set<WebAssembly.Memory>();

/** What the device reported of commands that failed. */
export const deviceErrors: string[] = [];

const counters: Counters = { dispatches: 0, gpuBytes: 0, peakGpuBytes: 0, createdGpuBytes: 0 };

/** The counters as they are now. */
export function readCounters(): Counters {
  return { ...counters };
}

type Methods = Record<string, (...args: never[]) => unknown>;

/** Replaces a method by one that calls it and then looks at its object, arguments and result. */
function watch<T>(holder: T, name: string, look: (self: never, args: never[], result: never) => void): void {
  const methods = holder as unknown as Methods;
  const original = methods[name] as (...args: never[]) => unknown;
  methods[name] = function (this: unknown, ...args: never[]) {
    const result = original.apply(this, args);
    look(this as never, args, result as never);
    return result;
  };
}

/** Starts counting; call before any contender's library is loaded. */
export function startCounting(): void {
  countGpu();
  countMemories();
}

function countGpu(): void {
  if (typeof GPUDevice === 'undefined') return;
  watch(GPUAdapter.prototype, 'requestDevice', (_self, _args, request: Promise<GPUDevice>) => {
    const listen = (device: GPUDevice) =>
      device.addEventListener('uncapturederror', ({ error }) => deviceErrors.push(error.message));
    // Whoever asked for the device hears of a refusal.
    request.then(listen, () => undefined);
  });
  const live = new WeakSet<GPUBuffer>();
  watch(GPUDevice.prototype, 'createBuffer', (_self, _args, buffer: GPUBuffer) => {
    live.add(buffer);
    counters.createdGpuBytes += buffer.size;
    counters.gpuBytes += buffer.size;
    counters.peakGpuBytes = Math.max(counters.peakGpuBytes, counters.gpuBytes);
  });
  watch(GPUBuffer.prototype, 'destroy', (buffer: GPUBuffer) => {
    if (live.delete(buffer)) counters.gpuBytes -= buffer.size;
  });
  for (const name of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'])
    watch(GPUComputePassEncoder.prototype, name, () => {
      counters.dispatches++;
    });
}

function countMemories(): void {
  const note = (instance: WebAssembly.Instance) => {
    for (const value of Object.values(instance.exports))
      if (value instanceof WebAssembly.Memory) memories.add(value);
  };
  const { Memory } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args) {
      const memory = new target(...(args as [WebAssembly.MemoryDescriptor]));
      memories.add(memory);
      return memory;
    },
  });
  const noteLater = (result: Promise<WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource>) =>
    result.then(
      (made) => note('instance' in made ? made.instance : made),
      // Whoever asked for the instance hears of the failure.
      () => undefined,
    );
  watch(WebAssembly, 'instantiate', (_self, _args, result) => void noteLater(result));
  watch(WebAssembly, 'instantiateStreaming', (_self, _args, result) => void noteLater(result));
}
