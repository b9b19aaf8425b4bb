import { encodeSigned, encodeUnsigned, Reader } from './bytes.ts';

/** Indices in the module that inserted code refers to. */
export interface MeterTargets {
  /** Global index of the fuel counter. */
  fuel: number;
  /** Global index of the room left on the stack. */
  stack: number;
  /** Function index of the helper that charges, then copies memory. */
  copyHelper: number;
  /** Function index of the helper that charges, then fills memory. */
  fillHelper: number;
}

/** Parameters and result of a function. */
export interface FunctionType {
  parameters: number;
  /** The type of its one result, or of an empty block. */
  result: number;
}

/** What a call takes of the stack: a guess at the host's frame, kept above what hosts were seen to need. */
const FRAME_BYTES = 64;
const LOCAL_BYTES = 8;

/**
 * Functions of fewer bytes go uncounted: whatever recurses in the engine passes through a larger one (the
 * interpreter, a parser, a walk through values), and counting its many small helpers costs a tenth of the time.
 */
const COUNTED_BODY = 600;

/**
 * Rewrites one function body (locals and code), counting what it changed.
 *
 * A large function that calls others also takes its frame from the stack's room and gives it back when it returns:
 * its code becomes a block, which every return leaves.
 */
export function meterBody(
  body: Uint8Array,
  type: FunctionType,
  targets: MeterTargets,
): { body: Uint8Array; loops: number; bulk: number } {
  const reader = new Reader(body);
  let locals = type.parameters;
  for (let groups = reader.unsigned(); groups > 0; groups--) {
    locals += reader.unsigned();
    reader.byte();
  }
  const codeStart = reader.position;
  const calls = body.length >= COUNTED_BODY && callsOthers(body, codeStart);
  const frame = encodeSigned(FRAME_BYTES + LOCAL_BYTES * locals);
  let nesting = 0;
  const tick = takeOne(targets.fuel);
  const out: number[] = [];
  let copied = 0;
  let loops = 0;
  let bulk = 0;
  const flush = (end: number) => {
    for (; copied < end; copied++) out.push(body[copied]);
  };
  if (calls) {
    flush(codeStart);
    out.push(...enterFrame(targets.stack, frame), 0x02, type.result);
  }
  while (!reader.done) {
    const start = reader.position;
    const opcode = reader.byte();
    if (opcode === 0x0f && calls) {
      flush(start);
      out.push(0x0c, ...encodeUnsigned(nesting));
      copied = reader.position;
      continue;
    }
    if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04) nesting++;
    else if (opcode === 0x0b) nesting--;
    if (opcode === 0x03) {
      reader.skipInteger();
      flush(reader.position);
      out.push(...tick);
      loops++;
    } else if (opcode === 0xfc) {
      const operation = reader.unsigned();
      skipExtended(reader, operation);
      if (operation === 10 || operation === 11) {
        flush(start);
        out.push(0x10, ...encodeUnsigned(operation === 10 ? targets.copyHelper : targets.fillHelper));
        copied = reader.position;
        bulk++;
      }
    } else skipImmediates(reader, opcode);
  }
  flush(body.length);
  if (calls) out.push(...leaveFrame(targets.stack, frame), 0x0b);
  return { body: Uint8Array.from(out), loops, bulk };
}

/** `if (fuel <= 0) unreachable; fuel -= 1` */
function takeOne(fuel: number): number[] {
  const g = encodeUnsigned(fuel);
  return [0x23, ...g, 0x41, 0, 0x4c, 0x04, 0x40, 0x00, 0x0b, 0x23, ...g, 0x41, 1, 0x6b, 0x24, ...g];
}

/** `stack -= frame; if (stack < 0) unreachable` */
function enterFrame(stack: number, frame: Uint8Array): number[] {
  const g = encodeUnsigned(stack);
  return [
    ...[0x23, ...g, 0x41, ...frame, 0x6b, 0x24, ...g],
    ...[0x23, ...g, 0x41, 0, 0x48, 0x04, 0x40, 0x00, 0x0b],
  ];
}

/** `stack += frame` */
function leaveFrame(stack: number, frame: Uint8Array): number[] {
  const g = encodeUnsigned(stack);
  return [0x23, ...g, 0x41, ...frame, 0x6a, 0x24, ...g];
}

function callsOthers(body: Uint8Array, codeStart: number): boolean {
  const reader = new Reader(body, codeStart);
  while (!reader.done) {
    const opcode = reader.byte();
    if (opcode === 0x10 || opcode === 0x11) return true;
    if (opcode === 0x03) reader.skipInteger();
    else if (opcode === 0xfc) skipExtended(reader, reader.unsigned());
    else skipImmediates(reader, opcode);
  }
  return false;
}

function skipImmediates(reader: Reader, opcode: number): void {
  if (opcode === 0x02 || opcode === 0x04) reader.skipInteger();
  else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) reader.unsigned();
  else if (opcode === 0x0e) for (let labels = reader.unsigned() + 1; labels > 0; labels--) reader.unsigned();
  else if (opcode === 0x11) {
    reader.unsigned();
    reader.unsigned();
  } else if (opcode >= 0x20 && opcode <= 0x26) reader.unsigned();
  else if (opcode >= 0x28 && opcode <= 0x3e) {
    reader.unsigned();
    reader.unsigned();
  } else if (opcode === 0x3f || opcode === 0x40) reader.byte();
  else if (opcode === 0x41 || opcode === 0x42) reader.skipInteger();
  else if (opcode === 0x43) reader.bytes(4);
  else if (opcode === 0x44) reader.bytes(8);
  else if (!hasNoImmediate(opcode)) throw new Error(`meter: unknown wasm opcode 0x${opcode.toString(16)}`);
}

function hasNoImmediate(opcode: number): boolean {
  return (
    opcode === 0x00 ||
    opcode === 0x01 ||
    opcode === 0x05 ||
    opcode === 0x0b ||
    opcode === 0x0f ||
    opcode === 0x1a ||
    opcode === 0x1b ||
    (opcode >= 0x45 && opcode <= 0xc4)
  );
}

function skipExtended(reader: Reader, operation: number): void {
  if (operation <= 7) return;
  if (operation === 10) reader.bytes(2);
  else if (operation === 11) reader.bytes(1);
  else throw new Error(`meter: unknown wasm opcode 0xfc ${operation}`);
}
