import * as tf from '@tensorflow/tfjs-core';

/** Bytes held on the device: by tensors, or on WebGPU by the whole pool of buffers. */
export function memoryBytes(): number {
  const info = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
  return info.numBytesAllocatedInGPU ?? info.numBytes;
}

/**
 * What is held, by the names of `metrics.jsonl`: bytes on the device, live tensors, and on `wasm` the whole memory of
 * the engine. All should stay flat however long a run is.
 */
export function memoryMetrics(): Record<string, number> {
  const engine = (tf.backend() as { wasm?: { asm: { memory: WebAssembly.Memory } } }).wasm;
  return {
    memory_bytes: memoryBytes(),
    'memory/tensors': tf.memory().numTensors,
    ...(engine && { 'memory/wasm_bytes': engine.asm.memory.buffer.byteLength }),
  };
}
