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

const BEAT_MS = 5000;

/** A claim without a sign of life for this long belongs to a process, or a machine, that is gone. */
const STALE_MS = 60_000;

/** Claims of this process. */
const held = new Set<string>();

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

/** When this machine or container began, on Linux: process numbers from before it mean nothing now. */
function bootMark(): string {
  try {
    // Field 22: when the first process was started. Its name, in parentheses, may hold spaces.
    return readFileSync('/proc/1/stat', 'utf8').split(') ').at(-1)!.split(' ')[19]!;
  } catch {
    return '-'; // Another system: the process number alone has to do.
  }
}

/** Whether whoever wrote a claim is still at work. A number of ours that we do not hold was another process's. */
function isHeld(token: string, file: string): boolean {
  if (held.has(token)) return true;
  if (Date.now() - statSync(file).mtimeMs > STALE_MS) return false;
  const [pid, host, mark] = token.split(' ');
  if (host !== hostname()) return true;
  return mark === bootMark() && Number(pid) !== process.pid && isAlive(Number(pid));
}

/** Takes away a claim that nobody holds; what was renewed in the meantime is put back. */
function takeAway(file: string, token: string): void {
  const aside = `${file}.${randomUUID()}`;
  renameSync(file, aside);
  if (readFileSync(aside, 'utf8') !== token) linkSync(aside, file);
  rmSync(aside);
}

/**
 * Claims what a file stands for, among processes of any number of machines that share it. Returns how to let it go,
 * or undefined when another has it. The file begins with the number of the process.
 */
export function claim(file: string): (() => void) | undefined {
  const token = `${process.pid} ${hostname()} ${bootMark()} ${randomUUID()}`;
  for (;;) {
    try {
      writeFileSync(file, token, { flag: 'wx' });
      break;
    } catch (error) {
      if (!isError(error, 'EEXIST')) throw error;
    }
    try {
      const other = readFileSync(file, 'utf8');
      if (isHeld(other, file)) return undefined;
      takeAway(file, other);
    } catch (error) {
      // Let go, taken away or claimed by another, just now: look again.
      if (!isError(error, 'ENOENT') && !isError(error, 'EEXIST')) throw error;
    }
  }
  held.add(token);
  const beat = setInterval(() => {
    // Gone only when somebody has removed its directory: what is written next says so.
    if (existsSync(file)) utimesSync(file, new Date(), new Date());
  }, BEAT_MS);
  beat.unref();
  return () => {
    clearInterval(beat);
    held.delete(token);
    rmSync(file, { force: true });
  };
}
