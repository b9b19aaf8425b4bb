import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WasmFiles } from './device.ts';
import type { SpawnThread } from './kernel_threads.ts';

/** The wasm files as Node finds them, and its worker threads. */
export function nodeWasmFiles(): WasmFiles {
  const tfjs = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  const generated = fileURLToPath(new URL('../../generated', import.meta.url));
  const compile = async (name: string) => new WebAssembly.Module(await readFile(join(generated, name)));
  return {
    alone: { tfjs: join(tfjs, 'tfjs-backend-wasm-simd.wasm'), kernels: () => compile('kernels.wasm') },
    shared: { tfjs: join(generated, 'tfjs-shared.wasm'), kernels: () => compile('kernels-shared.wasm') },
    spawn,
    cores: availableParallelism(),
  };
}

const spawn: SpawnThread = (start) =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./kernel_thread.node.mjs', import.meta.url), { workerData: start });
    thread.once('message', () => {
      thread.unref(); // it must not keep the process alive
      resolve({ terminate: () => void thread.terminate() });
    });
    thread.once('error', reject);
  });
