/**
 * Build step: writes `generated/quickjs.wasm`, the pinned QuickJS build with fuel counted inside it.
 *
 * Every `loop` header costs one unit and `memory.fill`/`memory.copy` cost one per 64 bytes. The interpreter
 * passes a loop header per bytecode, and native builtins that QuickJS never interrupts loop as well, so nothing
 * escapes the limit and no program can catch it. The depth of calls is counted as well: hosts have stacks of
 * different sizes, and a program should not end differently where the stack is smaller.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeUnsigned, Reader } from './bytes.ts';
import { type FunctionType, meterBody } from './rewrite.ts';

/** The one input that this rewrite, and the import and export names in `abi.ts`, were checked against. */
const EXPECTED_SHA256 = '105c3bed22d457e43e3d1c3c1c6959fda62a8fe06f0fc8a985303c3a2be72232';
const EXPECTED_LOOPS = 1079;
const EXPECTED_BULK = 98;

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
const I32 = 0x7f;
const EMPTY_BLOCK = 0x40;
const FUEL_EXPORT = 'fuel';
const STACK_EXPORT = 'stack';

/** What {@link meter} changed, for the build log and its checks. */
export interface MeterReport {
  wasm: Uint8Array;
  loops: number;
  bulk: number;
}

interface Section {
  id: number;
  body: Uint8Array;
}

/** Inserts counting into a wasm module that imports its memory; exports the counters as `fuel` and `stack`. */
export function meter(input: Uint8Array): MeterReport {
  const sections = readSections(input);
  const body = (id: number) => {
    const found = sections.find((section) => section.id === id);
    if (!found) throw new Error(`meter: the module has no section ${id}`);
    return found;
  };
  const count = (id: number) => new Reader(body(id).body).unsigned();

  const importedFunctions = countImports(body(SECTION.import).body, 0);
  if (countImports(body(SECTION.import).body, 3) > 0)
    throw new Error('meter: imported globals are not expected');
  const fuel = count(SECTION.global);
  const stack = fuel + 1;
  const types = readTypes(body(SECTION.type).body);
  const typeOf = readFunctionTypes(body(SECTION.function).body);
  const helperType = count(SECTION.type);
  const copyHelper = importedFunctions + count(SECTION.function);
  const fillHelper = copyHelper + 1;

  append(body(SECTION.type), 1, [0x60, 3, I32, I32, I32, 0]);
  append(body(SECTION.function), 2, [...encodeUnsigned(helperType), ...encodeUnsigned(helperType)]);
  for (const [name, global] of [
    [FUEL_EXPORT, fuel],
    [STACK_EXPORT, stack],
  ] as const) {
    // A mutable i32, full at start so that the engine's own start-up never runs dry.
    append(body(SECTION.global), 1, [I32, 1, 0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b]);
    const text = new TextEncoder().encode(name);
    append(body(SECTION.export), 1, [text.length, ...text, 3, ...encodeUnsigned(global)]);
  }

  const code = body(SECTION.code);
  const reader = new Reader(code.body);
  const functions = reader.unsigned();
  const parts: Uint8Array[] = [];
  let loops = 0;
  let bulk = 0;
  for (let i = 0; i < functions; i++) {
    const metered = meterBody(reader.bytes(reader.unsigned()), types[typeOf[i]], {
      fuel,
      stack,
      copyHelper,
      fillHelper,
    });
    loops += metered.loops;
    bulk += metered.bulk;
    parts.push(encodeUnsigned(metered.body.length), metered.body);
  }
  for (const operation of [
    [0xfc, 0x0a, 0, 0],
    [0xfc, 0x0b, 0],
  ]) {
    const helper = Uint8Array.from([0, ...chargeLength(fuel), ...operation, 0x0b]);
    parts.push(encodeUnsigned(helper.length), helper);
  }
  code.body = concat([encodeUnsigned(functions + 2), ...parts]);
  return { wasm: writeSections(input, sections), loops, bulk };
}

/** Takes (length / 64) units for the helper's third parameter and traps when they are not there. */
function chargeLength(fuel: number): number[] {
  const g = encodeUnsigned(fuel);
  return [
    ...[0x23, ...g, 0x20, 2, 0x41, 6, 0x76, 0x6b, 0x24, ...g],
    ...[0x23, ...g, 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b],
    ...[0x20, 0, 0x20, 1, 0x20, 2],
  ];
}

function readTypes(body: Uint8Array): FunctionType[] {
  const reader = new Reader(body);
  return Array.from({ length: reader.unsigned() }, () => {
    reader.byte();
    const parameters = reader.unsigned();
    reader.bytes(parameters);
    const results = reader.bytes(reader.unsigned());
    if (results.length > 1) throw new Error('meter: functions of several results are not expected');
    return { parameters, result: results[0] ?? EMPTY_BLOCK };
  });
}

function readFunctionTypes(body: Uint8Array): number[] {
  const reader = new Reader(body);
  return Array.from({ length: reader.unsigned() }, () => reader.unsigned());
}

function readSections(input: Uint8Array): Section[] {
  const reader = new Reader(input, 8);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    sections.push({ id, body: reader.bytes(reader.unsigned()) });
  }
  return sections;
}

function writeSections(input: Uint8Array, sections: Section[]): Uint8Array {
  const parts = sections.flatMap(({ id, body }) => [Uint8Array.of(id), encodeUnsigned(body.length), body]);
  return concat([input.subarray(0, 8), ...parts]);
}

/** Adds entries to a section that is a counted vector. */
function append(section: Section, added: number, bytes: number[]): void {
  const reader = new Reader(section.body);
  const count = reader.unsigned();
  section.body = concat([
    encodeUnsigned(count + added),
    section.body.subarray(reader.position),
    Uint8Array.from(bytes),
  ]);
}

function countImports(body: Uint8Array, kind: number): number {
  const reader = new Reader(body);
  let found = 0;
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.bytes(reader.unsigned());
    reader.bytes(reader.unsigned());
    const entry = reader.byte();
    if (entry === kind) found++;
    if (entry === 0) reader.unsigned();
    else if (entry === 2) {
      const flags = reader.byte();
      reader.unsigned();
      if (flags & 1) reader.unsigned();
    } else throw new Error(`meter: an import of kind ${entry} is not expected`);
  }
  return found;
}

function concat(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function main(): void {
  const source = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  const target = fileURLToPath(new URL('../../../generated/quickjs.wasm', import.meta.url));
  const input = new Uint8Array(readFileSync(source));
  const hash = createHash('sha256').update(input).digest('hex');
  if (hash !== EXPECTED_SHA256) {
    throw new Error(
      `meter: the QuickJS wasm has sha256 ${hash}, expected ${EXPECTED_SHA256}. ` +
        'Install @jitl/quickjs-wasmfile-release-sync 0.32.0, or check abi.ts against the new build and update the hash.',
    );
  }
  const { wasm, loops, bulk } = meter(input);
  if (loops !== EXPECTED_LOOPS || bulk !== EXPECTED_BULK) {
    throw new Error(
      `meter: found ${loops} loops and ${bulk} bulk operations, expected ${EXPECTED_LOOPS} and ${EXPECTED_BULK}`,
    );
  }
  if (!WebAssembly.validate(wasm as BufferSource))
    throw new Error('meter: the rewritten module does not validate');
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, wasm);
  console.log(
    `generated/quickjs.wasm: ${wasm.length} bytes, ${loops} loops and ${bulk} bulk operations metered`,
  );
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
