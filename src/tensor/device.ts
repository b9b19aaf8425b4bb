import './gradients.ts';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { registerWasmKernels } from './wasm_kernels.ts';

export type Backend = 'webgpu' | 'wasm' | 'cpu';

/** The device that a run computes on; shown wherever a figure is. */
export interface DeviceInfo {
  backend: Backend;
  /** Adapter description for `webgpu`, engine description otherwise. */
  adapter: string;
  /** True for a software WebGPU adapter, whose seconds say nothing about a GPU's. */
  software: boolean;
}

/** Where the wasm files are (URLs in a browser, paths under Node) and our compiled kernels. */
export interface WasmFiles {
  /** Of tfjs-backend-wasm, by file name. */
  tfjs: Record<string, string>;
  kernels: WebAssembly.Module;
}

/** Starts tfjs-backend-wasm with our SIMD kernels in its memory. */
export async function useWasm(files: WasmFiles): Promise<DeviceInfo> {
  setWasmPaths(files.tfjs);
  // Our kernels are single-threaded, and the threaded build of tfjs cannot be minified.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend('wasm'))) {
    throw new Error('useWasm(): tfjs-backend-wasm did not start; this browser may lack WebAssembly SIMD');
  }
  await registerWasmKernels(files.kernels);
  return { backend: 'wasm', adapter: 'tfjs wasm + SIMD kernels, 1 thread', software: false };
}
