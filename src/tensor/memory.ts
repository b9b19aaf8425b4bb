import * as tf from '@tensorflow/tfjs-core';

/** Bytes held on the device: by tensors, or on WebGPU by the whole pool of buffers. */
export function memoryBytes(): number {
  const info = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
  return info.numBytesAllocatedInGPU ?? info.numBytes;
}
