import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildIdentity } from '../build_identity.ts';
import { startOf } from '../claim.ts';
import { buildSite } from '../site.ts';

/** The built page as it was when a sweep began: what is edited while it runs does not reach its cells. */
export interface PinnedBuild {
  directory: string;
  remove(): void;
}

/** What cells are named by, besides their configuration. */
export function sweepBuild(): string {
  // Tests put another trainer in the place of ours.
  return [buildIdentity(), process.env.TRACEWRIGHT_TRAINER].filter(Boolean).join(' ');
}

const PREFIX = 'tracewright-build-';

/** Copies that sweeps left which were killed. */
function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(PREFIX))) {
    const pid = Number(name.slice(PREFIX.length).split('-')[0]);
    if (startOf(pid) === undefined) rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}

/** Builds the page and keeps a copy of it. */
export async function pinBuild(): Promise<PinnedBuild> {
  const built = await buildSite();
  removeAbandoned();
  const directory = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
  cpSync(built, directory, { recursive: true });
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
