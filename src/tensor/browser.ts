import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import kernelsUrl from '../../generated/kernels.wasm?url';
import { type DeviceInfo, useWasm } from './device.ts';
import { isSoftware, requestAdapter, useWebGpu } from './webgpu.ts';

/**
 * Starts the asked device in a page or worker. `auto` takes a hardware WebGPU adapter, else wasm;
 * a software adapter is used only when `webgpu` is asked for.
 */
export async function startDevice(choice: 'auto' | 'webgpu' | 'wasm'): Promise<DeviceInfo> {
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
  return useWasm({
    tfjs: {
      'tfjs-backend-wasm.wasm': plainUrl,
      'tfjs-backend-wasm-simd.wasm': simdUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
    },
    kernels: await WebAssembly.compileStreaming(fetch(kernelsUrl)),
  });
}
