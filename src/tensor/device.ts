import './gradients.ts';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { KernelThreads, type SpawnThread, threadCount } from './kernel_threads.ts';
import { forgetWasmEngine, registerWasmKernels, type WasmBackend } from './wasm_kernels.ts';

export type Backend = 'webgpu' | 'wasm' | 'cpu';

/** The device that a run computes on; shown wherever a figure is. */
export interface DeviceInfo {
  backend: Backend;
  /** Adapter description for `webgpu`, engine description otherwise. */
  adapter: string;
  /** True for a software WebGPU adapter, whose seconds say nothing about a GPU's. */
  software: boolean;
  /** Threads that compute, on `wasm`. */
  threads?: number;
  /** Variants of the kernels that were measured to be the fastest here, on `webgpu`. */
  kernels?: string;
}

/** The wasm files of one kind of memory: where tfjs-backend-wasm is (a URL in a browser, a path under Node), and our kernels. */
export interface WasmBuild {
  tfjs: string;
  kernels: () => Promise<WebAssembly.Module>;
}

/** The wasm files, and how this host starts threads. */
export interface WasmFiles {
  /** For a memory that one thread uses. */
  alone: WasmBuild;
  /** For a memory that threads share. */
  shared: WasmBuild;
  /** Absent where memory cannot be shared: a page that is not cross-origin isolated. */
  spawn?: SpawnThread;
  /** Cores of the machine. */
  cores: number;
  /** Called before each kernel: a computation gives no timer its turn. */
  onKernel?: () => void;
}

/** The `wasm` device that runs, if one does. */
let running: { info: DeviceInfo; threads: KernelThreads } | undefined;

/**
 * Starts tfjs-backend-wasm with our SIMD kernels in its memory; one that runs with as many threads stays.
 * @param asked threads that compute; 0 takes what suits the machine. Without shared memory it is one.
 */
export async function useWasm(files: WasmFiles, asked = 0): Promise<DeviceInfo> {
  const wanted = files.spawn ? threadCount(asked, files.cores) : 1;
  if (running?.info.threads === wanted) {
    await tf.setBackend('wasm');
    return running.info;
  }
  stopWasm();
  const build = wanted > 1 ? files.shared : files.alone;
  setWasmPaths({
    // The names of tfjs-backend-wasm's three builds; without SIMD our kernels would not run either.
    'tfjs-backend-wasm.wasm': build.tfjs,
    'tfjs-backend-wasm-simd.wasm': build.tfjs,
    'tfjs-backend-wasm-threaded-simd.wasm': build.tfjs,
  });
  // Its own threads serve XNNPACK, which we do not use.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend('wasm'))) {
    throw new Error('useWasm(): tfjs-backend-wasm did not start; this browser may lack WebAssembly SIMD');
  }
  const backend = tf.backend() as WasmBackend;
  const { memory } = backend.wasm.asm;
  const threads = await KernelThreads.start(
    await build.kernels(),
    memory,
    wanted,
    files.spawn,
    files.onKernel,
  );
  registerWasmKernels({ backend, threads });
  const count = wanted === 1 ? '1 thread' : `${wanted} threads`;
  const adapter = `tfjs wasm + SIMD kernels, ${count}`;
  running = { info: { backend: 'wasm', adapter, software: false, threads: wanted }, threads };
  return running.info;
}

/** Ends the `wasm` device, its threads and its memory; tensors on it are lost. */
export function stopWasm(): void {
  if (!running) return;
  running.threads.dispose();
  running = undefined;
  forgetWasmEngine();
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory);
}
