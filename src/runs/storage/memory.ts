import { checkName, type Directory, type Room } from './directory.ts';

/** A directory in memory: for tests, which may also give it a quota. */
export class MemoryDirectory implements Directory {
  readonly #files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #directories = new Map<string, MemoryDirectory>();
  readonly #root: MemoryDirectory;
  /** Bytes that the whole tree may hold; set on the root. */
  quota = Number.POSITIVE_INFINITY;

  constructor(root?: MemoryDirectory) {
    this.#root = root ?? this;
  }

  async read(name: string) {
    return this.#files.get(checkName(name))?.slice();
  }

  async size(name: string) {
    return this.#files.get(checkName(name))?.length;
  }

  async write(name: string, bytes: Uint8Array) {
    this.#put(name, bytes, 0);
  }

  async writeAt(name: string, bytes: Uint8Array, offset: number) {
    this.#put(name, bytes, offset);
  }

  async flush() {}

  async remove(name: string) {
    this.#files.delete(checkName(name));
    this.#directories.delete(name);
  }

  async files() {
    return [...this.#files.keys()].sort();
  }

  async directories() {
    const names = [...this.#directories.keys()];
    return names.filter((name) => !this.#directories.get(name)!.#isEmpty).sort();
  }

  directory(name: string): MemoryDirectory {
    const there = this.#directories.get(checkName(name)) ?? new MemoryDirectory(this.#root);
    this.#directories.set(name, there);
    return there;
  }

  async room(): Promise<Room | undefined> {
    const { quota } = this.#root;
    return Number.isFinite(quota) ? { used: this.#root.#used, quota } : undefined;
  }

  get #isEmpty(): boolean {
    return this.#files.size === 0 && [...this.#directories.values()].every((one) => one.#isEmpty);
  }

  get #used(): number {
    const own = [...this.#files.values()].reduce((sum, { length }) => sum + length, 0);
    return [...this.#directories.values()].reduce((sum, one) => sum + one.#used, own);
  }

  #put(name: string, bytes: Uint8Array, offset: number): void {
    const before = this.#files.get(checkName(name)) ?? new Uint8Array();
    if (offset > before.length)
      throw new Error(`storage: ${name} ends at byte ${before.length}, before ${offset}`);
    if (this.#root.#used - before.length + offset + bytes.length > this.#root.quota) {
      throw new Error(`storage: no room for ${bytes.length} bytes of ${name}`);
    }
    const after = new Uint8Array(offset + bytes.length);
    after.set(before.subarray(0, offset));
    after.set(bytes, offset);
    this.#files.set(name, after);
  }
}
