import type { Directory } from './directory.ts';
import { MemoryDirectory } from './memory.ts';

/** What every call throws once a {@link CrashingDirectory} has crashed. */
export class Crash extends Error {
  override name = 'Crash';
}

/** When a tree of directories crashes, shared by all in it. */
interface Fate {
  writes: number;
  last: number;
}

/**
 * A directory in memory that crashes in the middle of a write, as a machine does when its power goes: half of that
 * write is done, and nothing works until `restart()`. For tests.
 */
export class CrashingDirectory implements Directory {
  readonly #inner: MemoryDirectory;
  readonly #fate: Fate;

  constructor(inner = new MemoryDirectory(), fate: Fate = { writes: 0, last: Number.POSITIVE_INFINITY }) {
    this.#inner = inner;
    this.#fate = fate;
  }

  /** Writes and removals so far, since the last `restart()`. */
  get writes(): number {
    return this.#fate.writes;
  }

  /** Makes the write of this number (from 1) the last one, and half of it. */
  crashAfter(writes: number): void {
    this.#fate.last = writes;
  }

  /** What was written is there; whatever wrote it is gone. */
  restart(): void {
    this.#fate.writes = 0;
    this.#fate.last = Number.POSITIVE_INFINITY;
  }

  throwIfCrashed(): void {
    if (this.#fate.writes >= this.#fate.last) throw new Crash();
  }

  async read(name: string) {
    this.throwIfCrashed();
    return this.#inner.read(name);
  }

  async size(name: string) {
    this.throwIfCrashed();
    return this.#inner.size(name);
  }

  async write(name: string, bytes: Uint8Array) {
    await this.#change(
      () => this.#inner.write(name, bytes),
      () => this.#inner.write(name, bytes.subarray(0, bytes.length / 2)),
    );
  }

  async writeAt(name: string, bytes: Uint8Array, offset: number) {
    await this.#change(
      () => this.#inner.writeAt(name, bytes, offset),
      () => this.#inner.writeAt(name, bytes.subarray(0, bytes.length / 2), offset),
    );
  }

  async flush() {
    this.throwIfCrashed();
  }

  async remove(name: string) {
    await this.#change(
      () => this.#inner.remove(name),
      async () => {},
    );
  }

  async files() {
    this.throwIfCrashed();
    return this.#inner.files();
  }

  async directories() {
    this.throwIfCrashed();
    return this.#inner.directories();
  }

  directory(name: string): CrashingDirectory {
    return new CrashingDirectory(this.#inner.directory(name), this.#fate);
  }

  async room() {
    return undefined;
  }

  async #change(whole: () => Promise<void>, half: () => Promise<void>): Promise<void> {
    this.throwIfCrashed();
    this.#fate.writes++;
    if (this.#fate.writes < this.#fate.last) return whole();
    await half();
    throw new Crash();
  }
}
