import * as tf from '@tensorflow/tfjs-core';

/** Bytes held on the device: by tensors, or on WebGPU by the whole pool of buffers. */
export function memoryBytes(): number {
  const info = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
  return info.numBytesAllocatedInGPU ?? info.numBytes;
}

/**
 * What is held, by the names of `metrics.jsonl`: bytes on the device, live tensors and, where the browser or Node
 * says, the JavaScript heap. All should stay flat however long a run is.
 */
export function memoryMetrics(): Record<string, number> {
  const heap = (performance as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize;
  return {
    memory_bytes: memoryBytes(),
    'memory/tensors': tf.memory().numTensors,
    ...(heap !== undefined && { 'memory/js_heap_bytes': heap }),
  };
}
