/**
 * @file How a page learns that a worker hangs: the worker gives a sign of life every second, from a timer while it
 * waits, and from its kernels while it computes, when no timer gets its turn. A loop without end, or a wait for a
 * thread that is gone, gives none. The work in hand may take as long as it likes; only a single kernel may not.
 */

const BEAT_MS = 1000;

/** How often the page looks for signs of life. */
const LOOK_MS = 10_000;

/**
 * Looks in a row without one after which a worker counts as hung: five minutes, where the slowest kernel takes seconds
 * on a slow phone. Looks are counted, not minutes: a machine that slept, or a page whose timers were held back in the
 * background, wakes up to one look.
 */
const LOOKS = 30;

/** Gives the page signs of life from now on. Returns what to call at each kernel; most calls do nothing. */
export function givePulse(): () => void {
  let last = Number.NEGATIVE_INFINITY;
  const beat = () => {
    const now = performance.now();
    if (now - last < BEAT_MS) return;
    last = now;
    // Leaves at once, in the middle of a computation too.
    postMessage('pulse');
  };
  setInterval(beat, BEAT_MS);
  return beat;
}

/**
 * Resolves when a worker hangs. Whatever it posts is a sign of life.
 * @param signal ends the wait, which then never resolves
 */
export function pulseEnd(worker: EventTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let silent = 0;
    worker.addEventListener(
      'message',
      () => {
        silent = 0;
      },
      { signal },
    );
    const timer = setInterval(() => {
      if (++silent >= LOOKS) resolve();
    }, LOOK_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  });
}
