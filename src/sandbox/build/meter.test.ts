import { describe, expect, it } from 'vitest';
import { encodeUnsigned, Reader } from './bytes.ts';
import { meter } from './meter.ts';

const section = (id: number, ...body: number[]) => [id, body.length, ...body];
const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];

/** Imports memory `m.m`; exports `spin(turns)`, a loop, and `fill(length)`, a memory.fill at 0. */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 1, 0x60, 1, 0x7f, 0),
  ...section(2, 1, ...name('m'), ...name('m'), 2, 0, 1),
  ...section(3, 2, 0, 0),
  ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
  ...section(7, 2, ...name('spin'), 0, 0, ...name('fill'), 0, 1),
  ...section(
    10,
    2,
    // loop; local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0; end
    ...[14, 0, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x0b],
    // i32.const 0; i32.const 7; local.get 0; memory.fill
    ...[11, 0, 0x41, 0, 0x41, 7, 0x20, 0, 0xfc, 0x0b, 0, 0x0b],
  ),
]);

/** Fills a function up to the size from which calls are counted. */
const NOPS = new Array(600).fill(0x01);
const long = (value: number) => [(value & 0x7f) | 0x80, value >> 7];

/** Exports `down(n)`, which calls itself until n is 0 and returns 7. */
const RECURSION = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 1, 0x60, 1, 0x7f, 1, 0x7f),
  ...section(2, 1, ...name('m'), ...name('m'), 2, 0, 1),
  ...section(3, 1, 0),
  ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
  ...section(7, 1, ...name('down'), 0, 0),
  // local.get 0; i32.eqz; if; i32.const 7; return; end; local.get 0; i32.const 1; i32.sub; call 0
  ...[10, ...long(NOPS.length + 21), 1, ...long(NOPS.length + 18), 0, ...NOPS],
  ...[0x20, 0, 0x45, 0x04, 0x40, 0x41, 7, 0x0f, 0x0b, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b],
]);

interface Metered {
  fuel: WebAssembly.Global;
  spin(turns: number): void;
  fill(length: number): void;
}

async function instantiate(): Promise<Metered> {
  const { wasm, loops, bulk } = meter(MODULE);
  expect([loops, bulk]).toEqual([1, 1]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { instance } = await WebAssembly.instantiate(wasm as BufferSource, { m: { m: memory } });
  return instance.exports as unknown as Metered;
}

describe('meter', () => {
  it('charges one unit a turn and traps when none is left', async () => {
    const { fuel, spin } = await instantiate();
    fuel.value = 10;
    spin(4);
    expect(fuel.value).toBe(6);
    spin(6);
    expect(fuel.value).toBe(0);
    expect(() => spin(1)).toThrow(WebAssembly.RuntimeError);
  });

  it('charges memory operations by length', async () => {
    const { fuel, fill } = await instantiate();
    fuel.value = 10;
    fill(640);
    expect(fuel.value).toBe(0);
    expect(() => fill(64)).toThrow(WebAssembly.RuntimeError);
    fuel.value = 100;
    expect(() => fill(-1)).toThrow(WebAssembly.RuntimeError);
  });

  it('counts the depth of calls, and gives it back on every way out', async () => {
    const { wasm } = meter(RECURSION);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { instance } = await WebAssembly.instantiate(wasm as BufferSource, { m: { m: memory } });
    const { stack, down } = instance.exports as unknown as {
      stack: WebAssembly.Global;
      down(depth: number): number;
    };
    stack.value = 1000;
    expect(down(5)).toBe(7);
    expect(stack.value).toBe(1000);
    expect(() => down(100)).toThrow(WebAssembly.RuntimeError);
    expect(stack.value).toBeLessThan(0);
  });

  it('refuses what it does not know', () => {
    const unknown = MODULE.slice();
    unknown[MODULE.lastIndexOf(0xfc)] = 0xfd;
    expect(() => meter(unknown)).toThrow(/unknown wasm opcode/);
  });
});

describe('encodeUnsigned', () => {
  it.each([0, 127, 128, 16_384, 2 ** 31, 2 ** 32 - 1])('%i is read back', (value) => {
    expect(new Reader(encodeUnsigned(value)).unsigned()).toBe(value);
  });
});
