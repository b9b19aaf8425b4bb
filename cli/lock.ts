import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { UserError } from './errors.ts';
import { showPath } from './inputs.ts';

const NAME = '.lock';
const BEAT_MS = 2000;

/** A lock without a sign of life for this long belongs to a process that was killed. */
const STALE_MS = 15_000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the process that wrote a lock is still at work, as far as can be told from here. */
function isHeld(file: string): boolean {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_MS) return false;
    const [host, pid] = readFileSync(file, 'utf8').split(' ');
    return host !== hostname() || isAlive(Number(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Keeps other processes from writing the same run, for as long as this one lives. Returns how to let it go.
 * @throws UserError when another process is at work on it
 */
export function lockRun(directory: string): () => void {
  const file = path.join(directory, NAME);
  if (isHeld(file)) {
    throw new UserError(
      `${showPath(directory)}: another process is at work on this run; end it first, or wait for it`,
    );
  }
  writeFileSync(file, `${hostname()} ${process.pid}`);
  const beat = setInterval(() => {
    // Gone only when somebody has removed the run: what is written next says so.
    if (existsSync(file)) utimesSync(file, new Date(), new Date());
  }, BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    rmSync(file, { force: true });
  };
}
