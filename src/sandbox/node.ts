import { readFile } from 'node:fs/promises';
import { createExecutor } from './executor.ts';
import type { Sandbox } from './types.ts';

const WASM = new URL('../../generated/quickjs.wasm', import.meta.url);

/** Reads and compiles the metered engine that `npm run generate` writes. */
export async function loadEngineModule(): Promise<WebAssembly.Module> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(WASM);
  } catch (error) {
    throw new Error(`sandbox: cannot read generated/quickjs.wasm; run \`npm run generate\` first`, {
      cause: error,
    });
  }
  return WebAssembly.compile(bytes as BufferSource);
}

/** A sandbox in this process, for Node: the command line and the tests. */
export async function createNodeSandbox(): Promise<Sandbox> {
  return createExecutor(await loadEngineModule());
}
