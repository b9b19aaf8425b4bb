/**
 * The pinned engine's imports and exports by meaning. Their real names are minified; the build step refuses any
 * other engine build, so this table and the hash in `build/meter.ts` change together.
 */

/** The engine's functions used here, by the exported name in the wasm. */
export const EXPORTS = {
  initialize: 'u',
  malloc: 'v',
  free: 'M',
  newRuntime: 'K',
  newContext: 'N',
  setMaxStackSize: 'D',
  newFloat64: 'Y',
  newArrayBuffer: 'X',
  getUndefined: 'E',
  getString: '$',
  getPropNumber: 'ia',
  call: 'ma',
  resolveException: 'na',
  typeOf: 'ra',
  evaluate: 'pa',
  stackRestore: 'Ma',
  stackSave: 'Oa',
} as const;

export type EngineExports = Record<keyof typeof EXPORTS, (...args: number[]) => number> & {
  fuel: WebAssembly.Global;
  stack: WebAssembly.Global;
};

/** Room for the C stack, which lies between static data and the heap. */
export const C_STACK_BYTES = 5 * 1024 * 1024;

/** Static data below this address is tables and texts; the variables follow it. */
export const CONSTANT_BYTES = 80 * 1024;

/** Evaluation flags of `evaluate`: global script code, strict. */
export const EVAL_STRICT_SCRIPT = 1 << 3;

/** Thrown by imports that no program may reach. */
export class EngineAbort extends Error {
  override name = 'EngineAbort';
}

/**
 * The host side of the engine. It has no functions of its own for programs: the clock stands still, the
 * environment is empty, and memory never grows.
 */
export function engineImports(memory: WebAssembly.Memory, onExhausted: () => void): WebAssembly.Imports {
  const refuse = (what: string) => () => {
    throw new EngineAbort(`engine: ${what}`);
  };
  const zeroAt = (...addresses: number[]) => {
    const words = new Int32Array(memory.buffer);
    for (const address of addresses) words[address >> 2] = 0;
    return 0;
  };
  return {
    a: {
      a: memory,
      b: refuse('assertion failed'),
      c: refuse('file write'),
      d: refuse('file close'),
      e: () => 0,
      f: (count: number, size: number) => zeroAt(count, size),
      g: refuse('module name'),
      h: refuse('module source'),
      i: () => 0,
      j: () => 0,
      k: () => {
        onExhausted();
        return 0;
      },
      l: () => {},
      m: (_time: bigint, fields: number) => {
        new Int32Array(memory.buffer).fill(0, fields >> 2, (fields >> 2) + 11);
      },
      n: (zone: number, daylight: number) => {
        zeroAt(zone, daylight);
      },
      o: refuse('file seek'),
      p: () => 0,
      q: refuse('abort'),
      r: refuse('exit'),
      s: refuse('host call'),
      t: () => {},
    },
  };
}

/** Gives the exports their readable names, checking that each is there. */
export function engineExports(instance: WebAssembly.Instance): EngineExports {
  const raw = instance.exports;
  const named: Record<string, unknown> = { fuel: raw.fuel, stack: raw.stack };
  if (!(raw.fuel instanceof WebAssembly.Global && raw.stack instanceof WebAssembly.Global)) {
    throw new Error('engine: this QuickJS wasm does not count fuel and stack; run `npm run generate`');
  }
  for (const [name, minified] of Object.entries(EXPORTS)) {
    if (typeof raw[minified] !== 'function')
      throw new Error(`engine: export ${minified} (${name}) is missing`);
    named[name] = raw[minified];
  }
  return named as EngineExports;
}
