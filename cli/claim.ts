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

/**
 * When a process of this machine began, as Linux counts it: with its number, this names one process for good. `-` on
 * another system, where the number alone has to do; undefined when there is no such process, or one that has ended and
 * only waits for its parent to notice.
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return isAlive(pid) ? '-' : undefined;
  try {
    // Fields 3 and 22: its state, and when it was started. Its name, in parentheses, may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return 'ZX'.includes(fields[0]!) ? undefined : fields[19];
  } catch (error) {
    if (isError(error, 'ENOENT') || isError(error, 'ESRCH')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isError(error, 'EPERM');
  }
}

/** Whether whoever wrote a claim is still at work. A number of ours that we do not hold was another process's. */
function isHeld(token: string, file: string): boolean {
  if (held.has(token)) return true;
  if (Date.now() - statSync(file).mtimeMs > STALE_MS) return false;
  const [pid, host, began] = token.split(' ');
  if (host !== hostname()) return true;
  return Number(pid) !== process.pid && startOf(Number(pid)) === began;
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
  const token = `${process.pid} ${hostname()} ${startOf(process.pid)} ${randomUUID()}`;
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
