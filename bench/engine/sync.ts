import * as tf from '@tensorflow/tfjs-core';

/** What we use of tfjs's WebGPU backend: commands that it has recorded but not submitted, and its queue. */
interface WebGpuBackend {
  device: GPUDevice;
  commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Resolves when the present tfjs backend has done everything so far; wasm works in step with its caller. */
export async function syncTfjs(): Promise<void> {
  if (tf.getBackend() !== 'webgpu') return;
  const backend = tf.backend() as unknown as WebGpuBackend;
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.device.queue.onSubmittedWorkDone();
}
