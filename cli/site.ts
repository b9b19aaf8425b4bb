import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { newestChange } from './setup.mjs';

export const ROOT = path.dirname(import.meta.dirname);

/** Everything that the built page is made from. */
const SOURCES = [
  'index.html',
  'vite.config.ts',
  'package-lock.json',
  'src',
  'workers',
  'public',
  'generated',
];

/** Where the built page lies; a build with another trainer (see `vite.config.ts`) is kept apart. */
function siteDirectory(trainer: string | undefined): string {
  return trainer ? path.join(ROOT, 'node_modules', '.tracewright', 'site') : path.join(ROOT, 'dist');
}

/** A page that is built already, to be taken as it is: cells of a sweep share one. */
const BUILT = 'TRACEWRIGHT_SITE';

/** Builds the page where its sources changed since the last build; returns the directory. */
export async function buildSite(): Promise<string> {
  const built = process.env[BUILT];
  if (built) return built;
  const trainer = process.env.TRACEWRIGHT_TRAINER;
  const directory = siteDirectory(trainer);
  const sources = trainer ? [...SOURCES, trainer] : SOURCES;
  const changed = Math.max(...sources.map((source) => newestChange(path.join(ROOT, source))));
  if (newestChange(path.join(directory, 'index.html')) > changed) return directory;
  console.error('Building the page ...');
  const { build } = await import('vite');
  // Built beside and swapped in whole, so that an interrupted build is never served.
  const fresh = `${directory}.${process.pid}`;
  try {
    await build({
      configFile: path.join(ROOT, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: fresh, emptyOutDir: true },
    });
    rmSync(directory, { recursive: true, force: true });
    renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return directory;
}
