import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './site.ts';

/** What a run's numbers follow from, besides its configuration and the browser. */
const SOURCES = ['src', 'workers', 'generated', 'package-lock.json'];

/** The page only shows, reports only read what runs wrote, and tests do not run. */
const IGNORED = /^src[/\\](lab|reproduce)[/\\]|\.test\.ts$/;

function filesOf(place: string): string[] {
  const entry = path.join(ROOT, place);
  if (!statSync(entry).isDirectory()) return IGNORED.test(place) ? [] : [place];
  const names = readdirSync(entry).sort();
  return names.flatMap((name) => filesOf(path.join(place, name)));
}

/**
 * The identity of the sources that runs are made with: equal for equal sources, wherever they lie. A seed, a device
 * and a build fix every metric to the bit.
 */
export function buildIdentity(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap(filesOf)) {
    const bytes = readFileSync(path.join(ROOT, file));
    hash.update(`${file.replaceAll(path.sep, '/')}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}
