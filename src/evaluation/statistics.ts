import { type Random, random } from '../tensor/random.ts';

/** An estimate with its interval and the number of observations. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
  count: number;
}

/** 0.975 quantile of the standard normal distribution, for 95% intervals. */
const Z95 = 1.959963984540054;

/** The mean; NaN without values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/**
 * A proportion with its 95% Wilson score interval, which stays within 0..1 and keeps its coverage at small
 * counts. Without trials nothing is known: the interval is 0..1.
 */
export function wilson(successes: number, n: number): Estimate {
  if (!Number.isInteger(n) || n < 0 || !(successes >= 0 && successes <= n)) {
    throw new Error(`wilson(): needs 0 <= successes <= n and an integer n, got ${successes} of ${n}`);
  }
  if (n === 0) return { value: 0, low: 0, high: 1, count: 0 };
  const p = successes / n;
  const z2 = Z95 * Z95;
  const center = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (Z95 / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  // The ends are exactly 0 and 1 in theory there; rounding must not say otherwise.
  const low = successes === 0 ? 0 : center - half;
  const high = successes === n ? 1 : center + half;
  return { value: p, low, high, count: n };
}

/**
 * The unbiased estimate of pass@k from n samples of which c passed, 1 - C(n-c, k) / C(n, k) (Chen et al.,
 * arXiv 2107.03374), as a product that does not overflow. Average it over tasks.
 */
export function passAtK(n: number, c: number, k: number): number {
  if (![n, c, k].every(Number.isInteger) || c < 0 || c > n || k < 1 || k > n) {
    throw new Error(`passAtK(): needs integers 0 <= c <= n and 1 <= k <= n, got n=${n}, c=${c}, k=${k}`);
  }
  if (n - c < k) return 1;
  let allFail = 1;
  for (let i = n - c + 1; i <= n; i++) allFail *= 1 - k / i;
  return 1 - allFail;
}

/** The quantile of sorted values, with linear interpolation between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

export interface BootstrapOptions {
  seed: number;
  /** Resamples; 1,000 by default. */
  resamples?: number;
  /** Coverage; 0.95 by default. */
  level?: number;
}

function resampledMean(values: ArrayLike<number>, source: Random): number {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[source.int(n)]!;
  return sum / n;
}

/** Stream number that sets these draws apart from others of the same seed. */
const BOOTSTRAP_STREAM = 0xb0075;

/** The mean of independent values with its percentile bootstrap interval. */
export function bootstrap(values: ArrayLike<number>, options: BootstrapOptions): Estimate {
  const { seed, resamples = 1000, level = 0.95 } = options;
  if (values.length === 0) throw new Error('bootstrap(): there are no values');
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new Error(`bootstrap(): resamples must be a positive integer, got ${resamples}`);
  }
  if (!(level > 0 && level < 1)) throw new Error(`bootstrap(): level must lie between 0 and 1, got ${level}`);
  const source = random(seed, BOOTSTRAP_STREAM);
  const means = Float64Array.from({ length: resamples }, () => resampledMean(values, source)).sort();
  const tail = (1 - level) / 2;
  return {
    value: mean(values),
    low: quantile(means, tail),
    high: quantile(means, 1 - tail),
    count: values.length,
  };
}
