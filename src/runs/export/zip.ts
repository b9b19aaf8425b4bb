import { type AsyncZippable, Inflate, zip } from 'fflate';
import { crc32 } from './crc32.ts';
import { pathProblem } from './paths.ts';

/** Files by path. */
export type Files = Record<string, Uint8Array>;

/** What an archive may be at most; what lies above is refused before anything is unpacked. */
export const ZIP_LIMITS = {
  /** Bytes of all files together, unpacked. */
  bytes: 2 ** 31,
  files: 10_000,
  /** Unpacked bytes that any archive may have, and how many times its own size it may have beyond them. */
  freeBytes: 2 ** 24,
  ratio: 100,
};

/** ZIP stores local times to two seconds from 1980 on; a fixed one makes equal files equal archives. */
const TIME = new Date(1980, 0, 1);

/** Compressed input handed to the decompressor at a time; it grows 1032 times at most. */
const CHUNK = 1 << 14;

/** Writes a ZIP archive; the same files give the same bytes. Weights are stored, for they hardly shrink. */
export function writeZip(files: Files): Promise<Uint8Array> {
  const entries: AsyncZippable = {};
  for (const path of Object.keys(files).sort()) {
    const problem = pathProblem(path);
    if (problem) throw new Error(`writeZip(): the path ${JSON.stringify(path)} ${problem}`);
    entries[path] = [files[path]!, { level: path.endsWith('.safetensors') ? 0 : 6, mtime: TIME }];
  }
  return new Promise((resolve, reject) => {
    zip(entries, (error, bytes) => (error ? reject(error) : resolve(bytes)));
  });
}

interface Entry {
  path: string;
  compressed: boolean;
  crc: number;
  packedSize: number;
  size: number;
  /** Where its local header begins, and its data. */
  offset: number;
  begin: number;
}

/**
 * Reads a ZIP archive that nobody vouches for. Checked before anything is unpacked: structure, paths, sizes,
 * overlaps, the whole against {@link ZIP_LIMITS}; and then the real sizes and CRCs.
 * @throws Error that says what is wrong, and with which file
 */
export function readZip(bytes: Uint8Array): Files {
  const entries = listEntries(bytes);
  checkTotals(entries, bytes.length);
  return Object.fromEntries(entries.map((entry) => [entry.path, unpack(bytes, entry)]));
}

function fail(what: string): never {
  throw new Error(`readZip(): ${what}; the archive is damaged or not one of ours, export it again`);
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

/** Where the record at the end begins. Its comment, which lies behind it, has 65,535 bytes at most. */
function findEnd(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) === END && at + 22 + view.getUint16(at + 20, true) === view.byteLength)
      return at;
  }
  return fail(`no ZIP directory was found in ${view.byteLength} bytes`);
}

function listEntries(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const start = view.getUint32(end + 16, true);
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count) {
    fail('it is one of several parts');
  }
  if (count > ZIP_LIMITS.files) fail(`it holds ${count} files, more than ${ZIP_LIMITS.files}`);
  if (start + view.getUint32(end + 12, true) !== end)
    fail('its directory does not end where the archive does');
  const entries: Entry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL) fail(`entry ${i} of its directory is broken`);
    const length = view.getUint16(at + 28, true);
    const next = at + 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) fail(`entry ${i} of its directory is broken`);
    const entry = readEntry(bytes, view, at, length, start);
    // A folder has no bytes; folders come with the paths of files.
    if (!(entry.path.endsWith('/') && entry.size === 0)) entries.push(entry);
    at = next;
  }
  if (at !== end) fail('bytes follow its directory');
  checkPaths(entries);
  checkOverlaps(entries);
  return entries;
}

function readEntry(bytes: Uint8Array, view: DataView, at: number, length: number, limit: number): Entry {
  const path = decodeName(bytes.subarray(at + 46, at + 46 + length));
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const packedSize = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const offset = view.getUint32(at + 42, true);
  if (flags & 1) fail(`${path} is encrypted`);
  if (method !== 0 && method !== 8) fail(`${path} is packed by the method ${method}, only 0 and 8 are read`);
  if (method === 0 && packedSize !== size) fail(`${path} is stored in ${packedSize} bytes, but has ${size}`);
  if (offset + 30 > limit || view.getUint32(offset, true) !== LOCAL)
    fail(`${path} is not where it should be`);
  const nameLength = view.getUint16(offset + 26, true);
  const begin = offset + 30 + nameLength + view.getUint16(offset + 28, true);
  if (begin + packedSize > limit)
    fail(`${path} ends at byte ${begin + packedSize}, behind the last of ${limit}`);
  if (decodeName(bytes.subarray(offset + 30, offset + 30 + nameLength)) !== path) {
    fail(`${path} has another name in its own header`);
  }
  return {
    path,
    compressed: method === 8,
    crc: view.getUint32(at + 16, true),
    packedSize,
    size,
    offset,
    begin,
  };
}

function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return fail('a path is not UTF-8');
  }
}

function checkPaths(entries: readonly Entry[]): void {
  const seen = new Set<string>();
  for (const { path } of entries) {
    const problem = pathProblem(path);
    if (problem) fail(`the path ${JSON.stringify(path)} ${problem}`);
    // Some file systems do not tell upper from lower case.
    const folded = path.toLowerCase();
    if (seen.has(folded)) fail(`${path} is there twice`);
    seen.add(folded);
  }
  for (const path of seen) {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      if (seen.has(path.slice(0, at))) fail(`${path.slice(0, at)} is both a file and a folder`);
    }
  }
}

function checkOverlaps(entries: readonly Entry[]): void {
  const ordered = [...entries].sort((a, b) => a.offset - b.offset);
  ordered.forEach(({ path, begin, packedSize }, i) => {
    const next = ordered[i + 1];
    if (next && begin + packedSize > next.offset) fail(`${path} and ${next.path} overlap`);
  });
}

function checkTotals(entries: readonly Entry[], archiveSize: number): void {
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const limit = Math.min(ZIP_LIMITS.bytes, ZIP_LIMITS.freeBytes + ZIP_LIMITS.ratio * archiveSize);
  if (total > limit) fail(`its ${archiveSize} bytes would unpack to ${total}, more than ${limit}`);
}

function unpack(bytes: Uint8Array, { path, compressed, crc, packedSize, size, begin }: Entry): Uint8Array {
  const packed = bytes.subarray(begin, begin + packedSize);
  const data = compressed ? inflate(packed, size, path) : packed.slice();
  if (crc32(data) !== crc) fail(`${path} has another checksum than its directory says`);
  return data;
}

/** Unpacks to exactly `size` bytes, and stops as soon as there are more. */
function inflate(packed: Uint8Array, size: number, path: string): Uint8Array {
  const data = new Uint8Array(size);
  let length = 0;
  const stream = new Inflate((chunk) => {
    if (length + chunk.length > size) fail(`${path} unpacks to more than the ${size} bytes that it claims`);
    data.set(chunk, length);
    length += chunk.length;
  });
  try {
    for (let at = 0; at < packed.length; at += CHUNK) {
      stream.push(packed.subarray(at, at + CHUNK), at + CHUNK >= packed.length);
    }
  } catch (error) {
    if ((error as Error).message.startsWith('readZip()')) throw error;
    fail(`${path} cannot be unpacked (${(error as Error).message})`);
  }
  if (length !== size) fail(`${path} unpacks to ${length} bytes, but claims ${size}`);
  return data;
}
