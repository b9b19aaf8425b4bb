import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WasmFiles } from './device.ts';

const NAMES = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
];

/** The wasm files as Node finds them. */
export function nodeWasmFiles(): WasmFiles {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  const kernels = fileURLToPath(new URL('../../generated/kernels.wasm', import.meta.url));
  return {
    tfjs: Object.fromEntries(NAMES.map((name) => [name, join(folder, name)])),
    kernels: new WebAssembly.Module(readFileSync(kernels)),
  };
}
