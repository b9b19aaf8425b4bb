/**
 * @file How a page learns that a worker has ended, whatever ended it: the worker holds a lock for as long as it
 * lives, and the page asks for the same one. No event tells of a worker that was killed or closed itself.
 */

/** Holds the lock of a name until this worker ends; resolves when it is held. */
export function holdLifeline(name: string): Promise<void> {
  if (!navigator.locks) return Promise.resolve(); // An insecure page: ends of the worker go unnoticed there.
  return new Promise((resolve, reject) => {
    const held = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    navigator.locks.request(name, held).catch(reject);
  });
}

/**
 * Resolves when the worker that holds the lock of a name has ended.
 * @param signal ends the wait, which then never resolves
 */
export async function lifelineEnd(name: string, signal: AbortSignal): Promise<void> {
  if (!navigator.locks) return new Promise(() => {});
  try {
    await navigator.locks.request(name, { signal }, async () => {});
  } catch (error) {
    if (!signal.aborted) throw error;
    await new Promise(() => {});
  }
}
