import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { checkName, type Directory, type Room } from './directory.ts';

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** The answer of a call, or undefined when what it asks for is not there. */
async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A directory of this machine. */
export class NodeDirectory implements Directory {
  readonly path: string;

  constructor(place: string) {
    this.path = place;
  }

  async read(name: string) {
    const bytes = await unlessMissing(readFile(this.#at(name)));
    return bytes && new Uint8Array(bytes);
  }

  async size(name: string) {
    return (await unlessMissing(stat(this.#at(name))))?.size;
  }

  async write(name: string, bytes: Uint8Array) {
    // Written beside and renamed, so that at any moment there is the old file or the new one, never half of one.
    const beside = this.#at(`.${name}.${process.pid}`);
    try {
      await this.#change(beside, 'w', async (file) => {
        await file.writeFile(bytes);
        await file.sync();
      });
      await rename(beside, this.#at(name));
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }

  async writeAt(name: string, bytes: Uint8Array, offset: number) {
    await mkdir(this.path, { recursive: true });
    const isNew = (await this.size(name)) === undefined;
    await this.#change(this.#at(name), isNew ? 'w' : 'r+', async (file) => {
      const { size } = await file.stat();
      if (offset > size) throw new Error(`storage: ${name} ends at byte ${size}, before ${offset}`);
      for (let done = 0; done < bytes.length; ) {
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
      }
      if (size > offset + bytes.length) await file.truncate(offset + bytes.length);
    });
  }

  async flush(name: string) {
    await this.#change(this.#at(name), 'r+', (file) => file.sync());
  }

  async remove(name: string) {
    await rm(this.#at(name), { recursive: true, force: true });
  }

  async files() {
    return this.#names((entry) => entry.isFile() && !entry.name.startsWith('.'));
  }

  async directories() {
    return this.#names((entry) => entry.isDirectory());
  }

  directory(name: string): NodeDirectory {
    return new NodeDirectory(this.#at(name));
  }

  async room(): Promise<Room | undefined> {
    const { bsize, blocks, bavail } = await statfs(this.path);
    return { used: (blocks - bavail) * bsize, quota: blocks * bsize };
  }

  #at(name: string): string {
    return path.join(this.path, checkName(name));
  }

  async #names(wanted: (entry: { name: string; isFile(): boolean; isDirectory(): boolean }) => boolean) {
    const entries = (await unlessMissing(readdir(this.path, { withFileTypes: true }))) ?? [];
    return entries
      .filter(wanted)
      .map(({ name }) => name)
      .sort();
  }

  async #change(
    place: string,
    flags: string,
    work: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
  ) {
    await mkdir(this.path, { recursive: true });
    const file = await open(place, flags);
    try {
      await work(file);
    } finally {
      await file.close();
    }
  }
}
