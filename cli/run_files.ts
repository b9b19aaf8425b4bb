import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { unpackRun } from '../src/runs/export/archive.ts';
import { type RunData, readRun } from '../src/runs/export/run_data.ts';
import type { Files } from '../src/runs/export/zip.ts';
import { UserError } from './errors.ts';

/** A run as it was found on this machine. */
export interface FoundRun {
  name: string;
  files: Files;
  run: RunData;
  /** When it began, in seconds since 1970. */
  began: number;
}

/** Every file of a directory by its path inside; names with a dot at the front are for the moment only (locks, halves). */
function readTree(directory: string, prefix = ''): Files {
  const entries = readdirSync(directory, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  return Object.assign(
    {},
    ...entries.map((entry) => {
      const place = path.join(directory, entry.name);
      if (entry.isDirectory()) return readTree(place, `${prefix}${entry.name}/`);
      return entry.isFile() ? { [prefix + entry.name]: new Uint8Array(readFileSync(place)) } : {};
    }),
  );
}

/** When a run says that it began, else when its first file was written. */
function beginOf(files: Files, place: string): number {
  const summary = files['run.json'] && JSON.parse(Buffer.from(files['run.json']).toString());
  return (Date.parse(summary?.started) || statSync(place).mtimeMs) / 1000;
}

/** What a run is called: its directory or file; the `run/` of a sweep's cell bears the name of the cell. */
function nameOf(place: string): string {
  const parts = path.resolve(place).split(path.sep);
  const name = parts.at(-1) === 'run' ? parts.at(-2)! : parts.at(-1)!;
  return name.replace(/\.zip$/, '');
}

/**
 * Reads a run, a directory or an archive, and checks it.
 * @throws UserError that names the place and what is wrong there
 */
export function findRun(place: string): FoundRun {
  if (!existsSync(place))
    throw new UserError(`${place}: there is no such run; give its directory or its .zip`);
  const name = nameOf(place);
  try {
    if (!statSync(place).isDirectory()) {
      const { files, run } = unpackRun(new Uint8Array(readFileSync(place)));
      return { name, files, run, began: beginOf(files, place) };
    }
    const files = readTree(place);
    return { name, files, run: readRun(files), began: beginOf(files, path.join(place, 'config.json')) };
  } catch (error) {
    throw new UserError(`${place}: ${(error as Error).message}`);
  }
}

/** Writes files below a directory that is new or empty: beside it first, so that it is there whole or not at all. */
export function writeTree(directory: string, files: Files): void {
  const beside = `${directory}.${process.pid}`;
  for (const [name, bytes] of Object.entries(files)) {
    const place = path.join(beside, name);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, bytes);
  }
  renameSync(beside, directory);
}

/** Writes one new file. */
export function writeNew(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    writeFileSync(file, content, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new UserError(`${file} is there already, and nothing is overwritten: give another --to`);
  }
}
