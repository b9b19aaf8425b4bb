import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  readFileSync,
  readlinkSync,
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
 * What process numbers are counted in: this start of this machine, and on it this container. A host's name would not do:
 * pods of a job that replace one another have the same one, as have those that share their machine's.
 */
export function numberSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname(); // A system without such files.
  }
}

/** In place of a start that cannot be known. */
const UNKNOWN = '-';

/**
 * When a process of our number space began, as Linux counts it: with its number, this names one process for good. `-`
 * where that is not to be seen, and the number alone has to do: on another system, or for another person's process;
 * undefined when there is no such process, or one that has ended and only waits for its parent to notice.
 */
export function startOf(pid: number): string | undefined {
  try {
    // Fields 3 and 22: its state, and when it was started. Its name, in parentheses, may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return 'ZX'.includes(fields[0]!) ? undefined : fields[19];
  } catch {
    // Gone; or hidden from us, as some systems do; or a system without such files.
    return isAlive(pid) ? UNKNOWN : undefined;
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
  const [pid, space, began] = token.split(' ');
  if (space !== numberSpace()) return true;
  const start = startOf(Number(pid));
  return Number(pid) !== process.pid && (start === began || start === UNKNOWN);
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
  const token = `${process.pid} ${numberSpace()} ${startOf(process.pid)} ${randomUUID()}`;
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
