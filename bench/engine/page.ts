import * as Comlink from 'comlink';
import type { Bench } from './bench.ts';
import type { Backend } from './contender.ts';
import BenchWorker from './worker.ts?worker';

interface Opener {
  open(name: string, backend: Backend): Promise<Bench & Comlink.ProxyMarked>;
}

/** Held for good: a collected proxy would drop its calls. */
const opened = new Map<
  string,
  { worker: Worker; opener: Comlink.Remote<Opener>; bench: Comlink.Remote<Bench> }
>();

/** Starts a contender in a worker of its own. */
async function open(name: string, backend: Backend): Promise<void> {
  const worker = new BenchWorker();
  // A worker that fails outside any call would otherwise only be silent.
  const failure = new Promise<never>((_, reject) => {
    worker.addEventListener('error', (event) => reject(new Error(`${name}: ${event.message}`)));
  });
  const opener = Comlink.wrap<Opener>(worker);
  const bench = await Promise.race([opener.open(name, backend), failure]);
  opened.set(name, { worker, opener, bench: bench as unknown as Comlink.Remote<Bench> });
}

/** Calls a method of a contender's bench. */
async function call(name: string, method: string, args: unknown[]): Promise<unknown> {
  const contender = opened.get(name);
  if (!contender) throw new Error(`bench page: "${name}" was not opened`);
  const methods = contender.bench as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return methods[method](...args);
}

/** Ends a contender's worker, and so frees all that it holds. */
function close(name: string): void {
  opened.get(name)?.worker.terminate();
  opened.delete(name);
}

Object.assign(window, { bench: { open, call, close } });
