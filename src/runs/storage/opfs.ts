import { checkName, type Directory, type Room } from './directory.ts';

/** Where the runs of this browser lie in its own file system. */
const RUNS = 'runs';

/** The answer of a call, or undefined when what it asks for is not there. */
async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if ((error as DOMException).name === 'NotFoundError') return undefined;
    throw error;
  }
}

/**
 * A directory of the browser's own file system (OPFS). Pages and workers can read, list and remove; only workers
 * can write, for the one way to write that every browser has is a worker's (`createSyncAccessHandle`).
 */
class OpfsDirectory implements Directory {
  /** Opens the directory, and makes it first where asked to. */
  readonly #open: (create: boolean) => Promise<FileSystemDirectoryHandle>;

  constructor(open: (create: boolean) => Promise<FileSystemDirectoryHandle>) {
    this.#open = open;
  }

  async read(name: string) {
    const file = await this.#file(name);
    return file && new Uint8Array(await file.arrayBuffer());
  }

  async size(name: string) {
    return (await this.#file(name))?.size;
  }

  async write(name: string, bytes: Uint8Array) {
    await this.#change(name, (file) => {
      // Emptied first: a write that is cut short then never looks like an older file.
      file.truncate(0);
      put(file, name, bytes, 0);
    });
  }

  async writeAt(name: string, bytes: Uint8Array, offset: number) {
    await this.#change(name, (file) => {
      const size = file.getSize();
      if (offset > size) throw new Error(`storage: ${name} ends at byte ${size}, before ${offset}`);
      put(file, name, bytes, offset);
      file.truncate(offset + bytes.length);
    });
  }

  async flush() {
    // Every write is flushed at once.
  }

  async remove(name: string) {
    const directory = await unlessMissing(this.#open(false));
    if (directory) await unlessMissing(directory.removeEntry(checkName(name), { recursive: true }));
  }

  async files() {
    return this.#names('file');
  }

  async directories() {
    return this.#names('directory');
  }

  directory(name: string): OpfsDirectory {
    checkName(name);
    return new OpfsDirectory(async (create) =>
      (await this.#open(create)).getDirectoryHandle(name, { create }),
    );
  }

  async room(): Promise<Room | undefined> {
    const { usage, quota } = await navigator.storage.estimate();
    return usage === undefined || quota === undefined ? undefined : { used: usage, quota };
  }

  async #file(name: string): Promise<File | undefined> {
    const read = async () => (await (await this.#open(false)).getFileHandle(checkName(name))).getFile();
    return unlessMissing(read());
  }

  async #names(kind: FileSystemHandleKind): Promise<string[]> {
    const directory = await unlessMissing(this.#open(false));
    const names: string[] = [];
    if (directory) {
      for await (const [name, handle] of directory.entries()) if (handle.kind === kind) names.push(name);
    }
    return names.sort();
  }

  async #change(name: string, work: (file: FileSystemSyncAccessHandle) => void): Promise<void> {
    const directory = await this.#open(true);
    const handle = await directory.getFileHandle(checkName(name), { create: true });
    const file = await handle.createSyncAccessHandle();
    try {
      work(file);
      file.flush();
    } finally {
      file.close();
    }
  }
}

/** Writes all the bytes or throws: a full storage may take a part of them without a word. */
function put(file: FileSystemSyncAccessHandle, name: string, bytes: Uint8Array, offset: number): void {
  const written = file.write(bytes as Uint8Array<ArrayBuffer>, { at: offset });
  if (written !== bytes.length) {
    throw new Error(`storage: there is no room for the ${bytes.length} bytes of ${name}`);
  }
}

/** The runs that this browser keeps, each a directory. */
export function browserRuns(): Directory {
  return new OpfsDirectory(async (create) =>
    (await navigator.storage.getDirectory()).getDirectoryHandle(RUNS, { create }),
  );
}
