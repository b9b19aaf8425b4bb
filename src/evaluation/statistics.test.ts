import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrap, mean, passAtK, quantile, wilson } from './statistics.ts';

it('mean', () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(mean([])).toBeNaN();
});

describe('wilson', () => {
  it('matches hand-worked numbers', () => {
    // p = 0.5, n = 10, z^2 = 3.8415: centre 0.5, half width 0.26340.
    const half = wilson(5, 10);
    expect(half.value).toBe(0.5);
    expect(half.low).toBeCloseTo(0.23659, 5);
    expect(half.high).toBeCloseTo(0.76341, 5);
    // No success in 10: high = z^2 / (n + z^2).
    const none = wilson(0, 10);
    expect(none.low).toBe(0);
    expect(none.high).toBeCloseTo(3.841459 / 13.841459, 6);
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1, count: 0 });
  });

  it('holds the proportion and is symmetric', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, share) => {
          const k = Math.round(share * n);
          const { value, low, high } = wilson(k, n);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(value);
          expect(high).toBeGreaterThanOrEqual(value);
          expect(wilson(n - k, n).low).toBeCloseTo(1 - high, 12);
        },
      ),
    );
  });

  it('refuses impossible counts', () => {
    expect(() => wilson(3, 2)).toThrow('got 3 of 2');
  });
});

describe('passAtK', () => {
  it('matches hand-worked numbers', () => {
    // 1 - C(3,2) / C(5,2) = 1 - 3/10.
    expect(passAtK(5, 2, 2)).toBeCloseTo(0.7, 12);
    expect(passAtK(10, 3, 1)).toBeCloseTo(0.3, 12);
    expect(passAtK(4, 0, 4)).toBe(0);
    expect(passAtK(4, 1, 4)).toBe(1);
    expect(passAtK(200, 1, 100)).toBeCloseTo(0.5, 12);
  });

  it('is the share of k-subsets with a pass', () => {
    const choose = (n: number, k: number): number => (k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), fc.nat(), (n, a, b) => {
        const c = a % (n + 1);
        const k = 1 + (b % n);
        const none = n - c < k ? 0 : choose(n - c, k) / choose(n, k);
        expect(passAtK(n, c, k)).toBeCloseTo(1 - none, 10);
      }),
    );
  });

  it('refuses k above n', () => {
    expect(() => passAtK(4, 2, 5)).toThrow('k=5');
  });
});

describe('bootstrap', () => {
  it('interpolates quantiles', () => {
    expect(quantile([0, 10, 20], 0.25)).toBe(5);
    expect(quantile([3], 0.9)).toBe(3);
  });

  it('has no width for constant values', () => {
    expect(bootstrap([2, 2, 2], { seed: 1 })).toEqual({ value: 2, low: 2, high: 2, count: 3 });
  });

  it('agrees with the normal interval on many values', () => {
    const values = Array.from({ length: 400 }, (_, i) => i % 2);
    const { value, low, high } = bootstrap(values, { seed: 3, resamples: 4000 });
    expect(value).toBe(0.5);
    // 1.96 x sqrt(0.25 / 400) = 0.049.
    expect(low).toBeCloseTo(0.451, 2);
    expect(high).toBeCloseTo(0.549, 2);
  });

  it('repeats itself by seed', () => {
    const values = [1, 5, 2, 8, 3];
    expect(bootstrap(values, { seed: 1 })).toEqual(bootstrap(values, { seed: 1 }));
    expect(bootstrap(values, { seed: 1 })).not.toEqual(bootstrap(values, { seed: 2 }));
  });

  it('refuses nothing', () => {
    expect(() => bootstrap([], { seed: 1 })).toThrow('no values');
  });
});
