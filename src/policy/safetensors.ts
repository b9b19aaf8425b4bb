/** One named tensor of 32-bit floats, row-major. */
export interface NamedTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** A header larger than this is not one of ours, nor of any model that fits in a page. */
const MAX_HEADER_BYTES = 10_000_000;

/** Writes the safetensors format: header length (u64, little-endian), JSON header padded to 8 bytes, data. */
export function writeSafetensors(tensors: readonly NamedTensor[]): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] } satisfies Entry;
    offset += data.byteLength;
  }
  const json = JSON.stringify(header);
  const padded = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = new Uint8Array(8 + padded.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded.length), true);
  file.set(padded, 8);
  let at = 8 + padded.length;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file of F32 tensors. Everything is checked before it is believed: header size and JSON,
 * dtypes, shapes, offsets (in range, in order, without holes), finiteness.
 * @throws Error that says what is wrong and with which tensor
 */
export function readSafetensors(file: Uint8Array): Map<string, NamedTensor> {
  const fail = (what: string): never => {
    throw new Error(
      `readSafetensors(): ${what}; the file is damaged or not a safetensors file, export it again`,
    );
  };
  if (file.byteLength < 8) fail(`the file has ${file.byteLength} bytes, less than its 8-byte length field`);
  const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > file.byteLength) {
    fail(`the header claims ${length} bytes, but the file has ${file.byteLength}`);
  }
  const data = file.subarray(8 + length);
  const tensors = new Map<string, NamedTensor>();
  const entries = Object.entries(readHeader(file.subarray(8, 8 + length), fail))
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => checkEntry(name, entry, fail))
    .sort((a, b) => a.begin - b.begin);
  let expected = 0;
  for (const { name, shape, begin, end } of entries) {
    if (begin !== expected) fail(`tensor ${name} begins at byte ${begin}, expected ${expected}`);
    if (end > data.byteLength)
      fail(`tensor ${name} ends at byte ${end}, but there are ${data.byteLength} bytes of data`);
    expected = end;
    const values = new Float32Array(data.slice(begin, end).buffer);
    if (!values.every(Number.isFinite)) fail(`tensor ${name} holds a number that is not finite`);
    tensors.set(name, { name, shape, data: values });
  }
  if (expected !== data.byteLength) fail(`${data.byteLength - expected} bytes follow the last tensor`);
  return tensors;
}

function readHeader(bytes: Uint8Array, fail: (what: string) => never): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    fail(`the header is not JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    fail('the header is not a JSON object');
  return header as Record<string, unknown>;
}

function checkEntry(name: string, entry: unknown, fail: (what: string) => never) {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Entry>;
  if (dtype !== 'F32')
    fail(
      `tensor ${name} has dtype ${JSON.stringify(dtype)}, only "F32" is read (in transformers: save model.float())`,
    );
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize))
    return fail(`tensor ${name} has the shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail(`tensor ${name} has the offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets;
  const bytes = shape.reduce((a, b) => a * b, 1) * 4;
  if (end - begin !== bytes)
    fail(`tensor ${name} of shape [${shape}] needs ${bytes} bytes, but has ${end - begin}`);
  return { name, shape, begin, end };
}
