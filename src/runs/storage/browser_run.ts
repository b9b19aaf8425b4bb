import type { Directory } from './directory.ts';
import { browserRuns } from './opfs.ts';

/** How long a run's lock may take to come free after the worker that held it has ended. */
const LOCK_PATIENCE_MS = 5000;

/** The lock that a worker holds while it trains a run that this browser keeps. */
export function runLock(name: string): string {
  return `tracewright run ${name}`;
}

/**
 * Works on a run that this browser keeps, while no other tab can.
 * @throws Error when another tab trains it, or when the browser has no file system for pages
 */
export async function withBrowserRun<T>(
  name: string,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  if (!navigator.locks || !navigator.storage?.getDirectory) {
    throw new Error(
      'this page cannot keep runs: its browser gives it no file system (OPFS), which needs https or localhost',
    );
  }
  const directory = browserRuns().directory(name);
  const signal = AbortSignal.timeout(LOCK_PATIENCE_MS);
  let result: { value: T } | undefined;
  try {
    await navigator.locks.request(runLock(name), { signal }, async () => {
      result = { value: await work(directory) };
    });
  } catch (error) {
    if ((error as DOMException).name !== 'TimeoutError') throw error;
    throw new Error(
      `run "${name}" is under way in another tab of this browser: close that one, or go on there`,
    );
  }
  return result!.value;
}
