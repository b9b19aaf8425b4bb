import tfjsUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import kernelsUrl from '../../generated/kernels.wasm?url';
import sharedKernelsUrl from '../../generated/kernels-shared.wasm?url';
import sharedTfjsUrl from '../../generated/tfjs-shared.wasm?url';
import { type DeviceInfo, useWasm, type WasmFiles } from './device.ts';
import type { SpawnThread } from './kernel_threads.ts';
import { isSoftware, requestAdapter, useWebGpu } from './webgpu.ts';

/**
 * Starts the asked device in a page or worker. `auto` takes a hardware WebGPU adapter, else wasm;
 * a software adapter is used only when `webgpu` is asked for.
 * @param threads that compute on wasm; 0 takes what suits the machine
 * @param onKernel called before each kernel on wasm, where a computation gives no timer its turn
 */
export async function startDevice(
  choice: 'auto' | 'webgpu' | 'wasm',
  threads = 0,
  onKernel?: () => void,
): Promise<DeviceInfo> {
  if (choice !== 'wasm') {
    const adapter = await requestAdapter();
    if (adapter && choice === 'webgpu') return useWebGpu(adapter);
    if (adapter && !isSoftware(adapter)) {
      try {
        return await useWebGpu(adapter);
      } catch (error) {
        console.warn(`startDevice(): the WebGPU adapter failed (${(error as Error).message}); using wasm`);
      }
    }
    if (choice === 'webgpu') {
      throw new Error(
        'startDevice(): this browser gives no WebGPU adapter; use a browser with WebGPU (Chrome 113 or newer), or --device wasm',
      );
    }
  }
  return useWasm({ ...wasmFiles(), onKernel }, threads);
}

/** The wasm files as the page serves them; threads where the page is cross-origin isolated. */
function wasmFiles(): WasmFiles {
  const compile = (url: string) => WebAssembly.compileStreaming(fetch(url));
  return {
    alone: { tfjs: tfjsUrl, kernels: () => compile(kernelsUrl) },
    shared: { tfjs: sharedTfjsUrl, kernels: () => compile(sharedKernelsUrl) },
    spawn: crossOriginIsolated ? spawn : undefined,
    cores: navigator.hardwareConcurrency,
  };
}

const spawn: SpawnThread = (start) =>
  new Promise((resolve, reject) => {
    const thread = new Worker(new URL('../../workers/kernels.ts', import.meta.url), { type: 'module' });
    thread.addEventListener('message', () => resolve(thread), { once: true });
    thread.addEventListener('error', (event) => {
      reject(
        new Error(`startDevice(): a thread of the wasm device failed: ${event.message || 'it did not load'}`),
      );
    });
    thread.postMessage(start);
  });
