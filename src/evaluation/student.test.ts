import { describe, expect, it } from 'vitest';
import { random } from '../tensor/random.ts';
import { studentQuantile, tInterval } from './student.ts';

describe('studentQuantile', () => {
  // Tables of the t distribution, two-sided 95%, and one-sided 95% and 99.5%.
  it.each([
    [0.975, 1, 12.7062],
    [0.975, 2, 4.30265],
    [0.975, 4, 2.77645],
    [0.975, 9, 2.26216],
    [0.975, 100, 1.98397],
    [0.95, 5, 2.01505],
    [0.995, 3, 5.84091],
  ])('%d of %d degrees is %d', (share, degrees, value) => {
    expect(studentQuantile(share, degrees)).toBeCloseTo(value, 4);
  });

  it('becomes the normal one', () => {
    expect(studentQuantile(0.975, 10_000)).toBeCloseTo(1.9602, 4);
  });
});

describe('tInterval', () => {
  it('is the textbook one', () => {
    const { value, low, high, count } = tInterval([1, 2, 3, 4, 5]);
    expect([value, count]).toEqual([3, 5]);
    expect(high - 3).toBeCloseTo((2.77645 * Math.sqrt(2.5)) / Math.sqrt(5), 4);
    expect(low).toBeCloseTo(6 - high, 12);
  });

  it('knows nothing from one value', () => {
    expect(tInterval([0.5])).toEqual({ value: 0.5, low: -Infinity, high: Infinity, count: 1 });
    expect(() => tInterval([])).toThrow('there are no values');
  });

  it('holds the truth 95 times in 100', () => {
    const source = random(1, 2);
    const normal = () =>
      Math.sqrt(-2 * Math.log(1 - source.uniform())) * Math.cos(2 * Math.PI * source.uniform());
    let held = 0;
    for (let i = 0; i < 2000; i++) {
      const { low, high } = tInterval([normal(), normal(), normal()]);
      if (low <= 0 && high >= 0) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.93);
    expect(held / 2000).toBeLessThan(0.97);
  });
});
