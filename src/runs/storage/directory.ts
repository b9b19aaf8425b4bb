/** How much a storage holds and may hold, in bytes. */
export interface Room {
  used: number;
  quota: number;
}

/**
 * A directory of files, as a run needs it: one interface over the browser's own file system (`opfs.ts`), Node's
 * (`node.ts`) and memory (`memory.ts`, for tests). Names are plain file names. A directory comes into being with
 * its first file.
 */
export interface Directory {
  /** The bytes of a file; undefined when there is none. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The length of a file in bytes; undefined when there is none. */
  size(name: string): Promise<number | undefined>;
  /** Writes a file whole, in place of one that is there. Resolves when it would outlive a crash of the machine. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Puts bytes at an offset of a file and cuts off whatever follows them: appends at the end, or cuts with no
   * bytes at all. What was torn by an earlier failure is thus written over.
   */
  writeAt(name: string, bytes: Uint8Array, offset: number): Promise<void>;
  /** Resolves when what `writeAt` wrote would outlive a crash of the machine. */
  flush(name: string): Promise<void>;
  /** Removes a file or a directory with all that is in it; nothing happens when there is none. */
  remove(name: string): Promise<void>;
  /** Names of the files in it, in order; none when it does not exist. */
  files(): Promise<string[]>;
  /** Names of the directories in it, in order. */
  directories(): Promise<string[]>;
  /** A directory in it, which need not exist yet. */
  directory(name: string): Directory;
  /** What is left of the storage; undefined where the system does not say. */
  room(): Promise<Room | undefined>;
}

/** Refuses names that would lead out of a directory. */
export function checkName(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name)) {
    throw new Error(`storage: "${name}" is no plain file name; leave out "/" and the like`);
  }
  return name;
}
