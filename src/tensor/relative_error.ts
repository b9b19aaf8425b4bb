/** Largest |a - b| / (|b| + mean |b|): relative, but forgiving where b is near zero. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let mean = 1e-7;
  for (let i = 0; i < b.length; i++) mean += Math.abs(b[i]) / b.length;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const error = Math.abs(a[i] - b[i]) / (Math.abs(b[i]) + mean);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}
