import { type RunData, readRun } from './run_data.ts';
import { type Files, readZip, writeZip } from './zip.ts';

/** A whole run as one file: a ZIP archive of its directory. The same run gives the same bytes. */
export function packRun(files: Files): Promise<Uint8Array> {
  readRun(files);
  return writeZip(files);
}

/**
 * Reads an archive of {@link packRun}, from whomever it comes: every file is checked before it is returned.
 * Archives whose files lie in one folder, as people's own archivers write them, are read too.
 * @throws Error that says which file is wrong, and how
 */
export function unpackRun(archive: Uint8Array): { files: Files; run: RunData } {
  const files = withoutFolder(readZip(archive));
  return { files, run: readRun(files) };
}

function withoutFolder(files: Files): Files {
  const paths = Object.keys(files);
  const folder = /^[^/]+\//.exec(paths[0] ?? '')?.[0];
  if (files['config.json'] || !folder || !paths.every((path) => path.startsWith(folder))) return files;
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), files[path]!]));
}
