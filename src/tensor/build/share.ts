/**
 * Build step: writes `generated/tfjs-shared.wasm`, tfjs-backend-wasm's SIMD build with a memory that threads share.
 *
 * Its own threaded build would start eight workers for XNNPACK, which our kernels do not use. The code of the
 * single-threaded build runs unchanged on a shared memory; only the type of the memory differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeUnsigned, Reader } from '../../sandbox/build/bytes.ts';

const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;
/** Flags of a memory's limits: bit 0 says that a maximum follows, bit 1 that it is shared. */
const SHARED_WITH_MAXIMUM = 3;
/** 4 GiB, all that 32-bit addresses reach; reserved, not used. */
const MAXIMUM_PAGES = 65536;

/** The same module with its one memory, defined and exported, made shared. */
export function shareMemory(module: Uint8Array): Uint8Array {
  const reader = new Reader(module, HEADER_BYTES);
  const parts: Uint8Array[] = [module.subarray(0, HEADER_BYTES)];
  let found = 0;
  while (!reader.done) {
    const start = reader.position;
    const id = reader.byte();
    const body = reader.bytes(reader.unsigned());
    if (id !== MEMORY_SECTION) {
      parts.push(module.subarray(start, reader.position));
      continue;
    }
    const memory = new Reader(body);
    const count = memory.unsigned();
    memory.byte(); // its old flags
    const minimum = memory.unsigned();
    if (count !== 1) throw new Error(`shareMemory(): the module defines ${count} memories, expected 1`);
    const shared = [1, SHARED_WITH_MAXIMUM, ...encodeUnsigned(minimum), ...encodeUnsigned(MAXIMUM_PAGES)];
    parts.push(Uint8Array.of(id, ...encodeUnsigned(shared.length), ...shared));
    found++;
  }
  if (found !== 1) throw new Error('shareMemory(): the module defines no memory of its own');
  return new Uint8Array(Buffer.concat(parts));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  const out = fileURLToPath(new URL('../../../generated/tfjs-shared.wasm', import.meta.url));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, shareMemory(readFileSync(join(folder, 'tfjs-backend-wasm-simd.wasm'))));
}
