import * as Comlink from 'comlink';
import { type Bench, benchOf } from './bench.ts';
import type { Backend } from './contender.ts';
import { startCounting } from './counters.ts';

startCounting();

/** A contender's libraries are loaded by its own worker only. */
export async function open(name: string, backend: Backend): Promise<Bench & Comlink.ProxyMarked> {
  const { createContender } = await import('./browser.ts');
  return Comlink.proxy(benchOf(await createContender(name, backend)));
}

Comlink.expose({ open });
