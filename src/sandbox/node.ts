import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { createExecutor } from './executor.ts';
import { createPool, type PoolWorker } from './pool.ts';
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

/** A pool of worker threads, for Node: services and long measurements. Needs `tsx`, which loads the workers. */
export async function createNodePool(size?: number): Promise<Sandbox> {
  return createPool({ module: await loadEngineModule(), spawn: spawnThread, size });
}

/** A worker thread with the interface of a browser's worker. */
function spawnThread(): PoolWorker {
  const thread = new Worker(new URL('./thread.mjs', import.meta.url), { execArgv: [] });
  const wrapped = new Map<unknown, (event: unknown) => void>();
  const heard = (listener: Parameters<PoolWorker['addEventListener']>[1]) => (event: Event) =>
    typeof listener === 'function' ? listener(event) : listener.handleEvent(event);
  return {
    postMessage: (message, transfer) => thread.postMessage(message, transfer as never),
    addEventListener(type, listener) {
      // A thread's own events carry the message or the error itself.
      const hear = (payload: unknown) =>
        heard(listener)((type === 'message' ? { data: payload } : payload) as Event);
      wrapped.set(listener, hear);
      thread.on(type, hear);
    },
    removeEventListener(type, listener) {
      const hear = wrapped.get(listener);
      if (hear) thread.off(type, hear);
      wrapped.delete(listener);
    },
    // A thread that ends is one that the pool ended, or one that failed and said so by an error.
    terminate: () => void thread.terminate(),
  };
}
