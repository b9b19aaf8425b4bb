import wasmUrl from '../../generated/quickjs.wasm?url';
import { createPool } from './pool.ts';
import type { Sandbox } from './types.ts';

/** A pool of sandbox workers, for the page and for other workers. */
export async function createBrowserSandbox(): Promise<Sandbox> {
  // Against this module, not the page: a worker made from a blob has no address of its own.
  const response = await fetch(new URL(wasmUrl, import.meta.url));
  if (!response.ok)
    throw new Error(`sandbox: ${wasmUrl} answered ${response.status}; run \`npm run generate\``);
  // Not compiled while streaming: that needs a server which knows the type of .wasm files.
  const module = await WebAssembly.compile(await response.arrayBuffer());
  const spawn = () => new Worker(new URL('../../workers/sandbox.ts', import.meta.url), { type: 'module' });
  return createPool({ module, spawn });
}
