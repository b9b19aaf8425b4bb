import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

const BEAT_MS = 5000;

/** A claim without a sign of life for this long belongs to a process, or a machine, that is gone. */
const STALE_MS = 60_000;

const isError = (error: unknown, code: string) => (error as NodeJS.ErrnoException).code === code;

/** Whether a process of this machine is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isError(error, 'EPERM');
  }
}

/** Whether whoever wrote a claim is still at work. The same process number on the same host may be another one's now. */
function isHeld(token: string, file: string): boolean {
  const [host, pid] = token.split(' ');
  if (Date.now() - statSync(file).mtimeMs > STALE_MS) return false;
  return host !== hostname() || (Number(pid) !== process.pid && isAlive(Number(pid)));
}

const held = new Set<string>();

/** Takes away a claim that nobody holds; what was renewed in the meantime is put back. */
function takeAway(file: string, token: string): void {
  const aside = `${file}.${randomUUID()}`;
  renameSync(file, aside);
  if (readFileSync(aside, 'utf8') !== token) linkSync(aside, file);
  rmSync(aside);
}

/**
 * Claims a directory for this process, among processes of any number of machines that share it. Returns how to let
 * it go, or undefined when another process has it.
 */
export function claim(directory: string): (() => void) | undefined {
  const file = path.join(directory, 'claim');
  const token = `${hostname()} ${process.pid} ${randomUUID()}`;
  for (;;) {
    try {
      writeFileSync(file, token, { flag: 'wx' });
      break;
    } catch (error) {
      if (!isError(error, 'EEXIST')) throw error;
    }
    try {
      const other = readFileSync(file, 'utf8');
      if (held.has(other) || isHeld(other, file)) return undefined;
      takeAway(file, other);
    } catch (error) {
      // Let go, taken away or claimed by another, just now: look again.
      if (!isError(error, 'ENOENT') && !isError(error, 'EEXIST')) throw error;
    }
  }
  held.add(token);
  const beat = setInterval(() => {
    // Gone only when somebody has removed the cell: what is written next says so.
    if (existsSync(file)) utimesSync(file, new Date(), new Date());
  }, BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    held.delete(token);
    rmSync(file, { force: true });
  };
}
