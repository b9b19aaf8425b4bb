/** One press of Ctrl-C arrives more than once: from the terminal, from npm, from the process above. */
const SAME_PRESS_MS = 1000;

/** Calls `first` at the first Ctrl-C (or request to end) and `second` at the next. Returns how to stop listening. */
export function onInterrupt(first: () => void, second: () => void): () => void {
  let pressed = Number.NEGATIVE_INFINITY;
  const listener = () => {
    const now = performance.now();
    if (now - pressed < SAME_PRESS_MS) return;
    const again = Number.isFinite(pressed);
    pressed = now;
    if (again) second();
    else first();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
