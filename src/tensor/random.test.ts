import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox, random, seedKey, uniform, unit } from './random.ts';

const words = (text: string) => text.split(' ').map((word) => Number.parseInt(word, 16));

describe('philox', () => {
  // Known answers of Random123 (kat_vectors, philox4x32 10).
  it.each([
    ['00000000 00000000', '00000000 00000000 00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff', 'ffffffff ffffffff ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['a4093822 299f31d0', '243f6a88 85a308d3 13198a2e 03707344', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('key %s, counter %s gives %s', (key, counter, answer) => {
    const [k0, k1] = words(key) as [number, number];
    const out = philox([k0, k1], words(counter) as [number, number, number, number]);
    expect([...out]).toEqual(words(answer));
  });
});

describe('uniform', () => {
  it('is the first word of the block, in 24 bits', () => {
    expect(uniform(5, 1, 2, 3, 4)).toBe(unit(philox(seedKey(5), [1, 2, 3, 4])[0]!));
    expect(unit(0xffffffff)).toBe(1 - 2 ** -24);
    expect(Math.fround(uniform(7, 9))).toBe(uniform(7, 9));
  });

  it('depends on the seed above 32 bits', () => {
    expect(uniform(1)).not.toBe(uniform(1 + 2 ** 32));
  });

  it('refuses seeds that are not integers', () => {
    expect(() => uniform(0.5)).toThrow('seed must be an integer');
    expect(() => uniform(-1)).toThrow('got -1');
  });
});

describe('random', () => {
  it('repeats itself, and differs by seed and by stream', () => {
    const draw = (...args: [number, number?, number?, number?]) => {
      const source = random(...args);
      return Array.from({ length: 9 }, () => source.word());
    };
    expect(draw(1, 2)).toEqual(draw(1, 2));
    const all = [draw(1), draw(2), draw(1, 1), draw(1, 0, 1), draw(1, 0, 0, 1)].map(String);
    expect(new Set(all).size).toBe(all.length);
  });

  it('draws integers evenly', () => {
    const source = random(3);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 20000; i++) counts[source.int(10)]++;
    // Chi-square with 9 degrees of freedom: 27.9 is its 0.999 quantile.
    const chi2 = counts.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0);
    expect(chi2).toBeLessThan(27.9);
  });

  it('keeps to its bounds and shuffles without loss', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer(), { minLength: 1 }), (seed, values) => {
        const source = random(seed);
        expect(source.between(-3, 4)).toSatisfy((n: number) => n >= -3 && n <= 4);
        expect(values).toContain(source.pick(values));
        expect(source.shuffle([...values]).sort()).toEqual([...values].sort());
        expect(source.uniform()).toBeLessThan(1);
      }),
    );
  });

  it('refuses an empty choice', () => {
    expect(() => random(0).int(0)).toThrow('n must be from 1');
    expect(() => random(0).pick([])).toThrow('empty');
  });
});
