import { type Estimate, mean } from './statistics.ts';

/**
 * The chance that Student's t lies within -t..t, for whole degrees of freedom: a finite sum (Abramowitz and Stegun,
 * Handbook of Mathematical Functions, 26.7.3 and 26.7.4).
 */
function within(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2;
  let term = odd ? cos : 1;
  let sum = degrees > 1 ? term : 0;
  for (let k = 2 + odd; k <= degrees - 2; k += 2) sum += term *= ((k - 1) / k) * cos * cos;
  return odd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum;
}

/** The quantile of Student's t distribution for a share above one half, by bisection. */
export function studentQuantile(share: number, degrees: number): number {
  if (!(share > 0.5 && share < 1) || !Number.isInteger(degrees) || degrees < 1) {
    throw new Error(
      `studentQuantile(): needs 0.5 < share < 1 and whole degrees of at least 1, got ${share} and ${degrees}`,
    );
  }
  const middle = 2 * share - 1;
  let [low, high] = [0, 1];
  while (within(high, degrees) < middle) high *= 2;
  for (let i = 0; i < 60; i++) {
    const t = (low + high) / 2;
    if (within(t, degrees) < middle) low = t;
    else high = t;
  }
  return (low + high) / 2;
}

/**
 * The mean of independent, about normal values with its 95% t-interval. One value tells nothing of the spread: its
 * interval is unbounded.
 */
export function tInterval(values: readonly number[]): Estimate {
  const count = values.length;
  if (count === 0) throw new Error('tInterval(): there are no values');
  const value = mean(values);
  if (count === 1) return { value, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, count };
  const variance = values.reduce((sum, x) => sum + (x - value) ** 2, 0) / (count - 1);
  const half = studentQuantile(0.975, count - 1) * Math.sqrt(variance / count);
  return { value, low: value - half, high: value + half, count };
}
