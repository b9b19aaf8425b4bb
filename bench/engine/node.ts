/**
 * @file A contender in a process of Node's own, built by `site.ts`: answers the calls that its parent sends. WebGPU
 * comes from the `webgpu` package (Dawn). Arguments: the repository's root, the contender, the backend.
 */
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { benchOf } from './bench.ts';
import type { Answer, Call } from './calls.ts';
import type { Backend, Contender } from './contender.ts';
import { startCounting } from './counters.ts';

const [root, name, backend] = process.argv.slice(2) as [string, string, Backend];
const fromRoot = createRequire(path.join(root, 'package.json'));

/** Libraries look for WebGPU where browsers have it. */
async function provideGpu(): Promise<void> {
  const { create, globals } = await import(fromRoot.resolve('webgpu'));
  Object.assign(globalThis, globals);
  const navigator = { gpu: create([]), hardwareConcurrency: os.availableParallelism(), userAgent: 'Node' };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

async function adapterOrThrow(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter) return adapter;
  throw new Error('Dawn finds no adapter: is a Vulkan driver installed, and recent enough (vulkaninfo)?');
}

const describe = ({ info }: GPUAdapter) =>
  [info.vendor, info.architecture, info.description].filter(Boolean).join(' ') || 'unnamed adapter';

function tfjsWasmPaths(): Record<string, string> {
  const folder = path.dirname(fromRoot.resolve('@tensorflow/tfjs-backend-wasm'));
  const files = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`);
  return Object.fromEntries(files.map((file) => [file, path.join(folder, file)]));
}

/** As tfjs starts its backends by itself in a browser. */
async function startTfjs(): Promise<string> {
  const tf = await import('@tensorflow/tfjs-core');
  if (backend === 'wasm') {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(tfjsWasmPaths());
    await tf.setBackend('wasm');
    return 'wasm SIMD, 1 thread';
  }
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  const adapter = await adapterOrThrow();
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
  await tf.setBackend('webgpu');
  return describe(adapter);
}

async function createContender(): Promise<Contender> {
  switch (name) {
    case 'tracewright': {
      const { tracewright } = await import('./tracewright.ts');
      const { useWasm } = await import('../../src/tensor/device.ts');
      const { nodeWasmFiles } = await import('../../src/tensor/node.ts');
      const { useWebGpu } = await import('../../src/tensor/webgpu.ts');
      return tracewright(async () =>
        backend === 'wasm' ? useWasm(nodeWasmFiles()) : useWebGpu(await adapterOrThrow()),
      );
    }
    case 'tfjs':
      return (await import('./tfjs.ts')).plainTfjs(startTfjs);
    case 'jax-js': {
      if (!('Iterator' in globalThis)) throw new Error('jax-js needs Node 22 or newer');
      const { jaxJs } = await import('./jax.ts');
      return jaxJs(backend, async () =>
        backend === 'wasm' ? 'wasm SIMD, 1 thread' : describe(await adapterOrThrow()),
      );
    }
    default:
      throw new Error(`bench: no contender "${name}"`);
  }
}

async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  try {
    process.send!({ id, value: await work() } satisfies Answer);
  } catch (error) {
    process.send!({ id, error: (error as Error).message } satisfies Answer);
  }
}

await answer(0, async () => {
  if (backend === 'webgpu') await provideGpu();
  startCounting();
  const bench = benchOf(await createContender()) as unknown as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  process.on('message', ({ id, method, args }: Call) => answer(id, async () => bench[method](...args)));
});
