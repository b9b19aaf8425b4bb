import type { Directory } from './directory.ts';

/** Bytes that wait for a storage that takes none; what comes beyond is lost, and counted. */
const MAX_WAITING_BYTES = 64 * 2 ** 20;

/** A file of lines that grows. Lines that the storage did not take wait, and are tried again with the next ones. */
export class GrowingFile {
  readonly name: string;
  readonly #directory: Directory;
  /** Bytes that are known to be written. */
  #length = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Lines that were lost because too many waited. */
  lost = 0;

  constructor(directory: Directory, name: string) {
    this.#directory = directory;
    this.name = name;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes lines to write, each an object. */
  add(records: readonly object[]): void {
    const bytes = new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.lost += records.length;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** Writes what waits; it waits on when this rejects. */
  async write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const bytes = this.#waiting[0]!;
      await this.#directory.writeAt(this.name, bytes, this.#length);
      this.#waiting.shift();
      this.#waitingBytes -= bytes.length;
      this.#length += bytes.length;
    }
  }

  /** Makes what was written outlive a crash of the machine. */
  async flush(): Promise<void> {
    if (this.#length > 0) await this.#directory.flush(this.name);
  }

  /** Goes back to an earlier length, and forgets what waits. */
  async cut(length: number): Promise<void> {
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (length === 0) await this.#directory.remove(this.name);
    else await this.#directory.writeAt(this.name, new Uint8Array(), length);
    this.#length = length;
  }
}
