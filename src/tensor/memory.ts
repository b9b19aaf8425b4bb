import * as tf from '@tensorflow/tfjs-core';

/** What we use of tfjs's WebGPU backend: its pool of buffers, which it keys by exact size and never empties. */
interface WebGpuBackend {
  bufferManager: {
    freeBuffers: Map<string, GPUBuffer[]>;
    numFreeBuffers: number;
    numBytesUsed: number;
    numBytesAllocated: number;
  };
  commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Idle bytes that the pool may keep: batches differ in size from step to step, so most would never be used again. */
const MAX_IDLE_BYTES = 256 * 2 ** 20;

/** Destroys idle GPU buffers when they have grown too many; does nothing on other backends. Call between ops. */
export function trimMemory(): void {
  if (tf.getBackend() !== 'webgpu') return;
  const backend = tf.backend() as unknown as WebGpuBackend;
  const pool = backend.bufferManager;
  if (pool.numBytesAllocated - pool.numBytesUsed <= MAX_IDLE_BYTES) return;
  // Commands that were recorded but not submitted may still name an idle buffer.
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  for (const buffers of pool.freeBuffers.values()) {
    for (const buffer of buffers) {
      pool.numBytesAllocated -= buffer.size;
      pool.numFreeBuffers--;
      buffer.destroy();
    }
    buffers.length = 0;
  }
}

/** Bytes held on the device: by tensors, or on WebGPU by the whole pool of buffers. */
export function memoryBytes(): number {
  const info = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
  return info.numBytesAllocatedInGPU ?? info.numBytes;
}
