import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, hasOpaque, opaque, opaqueKind, parseCanonical, sameValue, type Value } from './values.ts';

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.double(),
    fc.integer(),
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constantFrom<Value>(null, undefined, Number.NaN, Infinity, -Infinity, 0, 1e21, 5e-324),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
}));

describe('canonical', () => {
  it.each<[Value, string]>([
    [1, '1'],
    [-2.5, '-2.5'],
    [-0, '0'],
    [1e21, '1e+21'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    ['a"\n', '"a\\"\\n"'],
    ['\ud800', '"\\ud800"'],
    [[1, [true, null], undefined, 'x'], '[1,[true,null],undefined,"x"]'],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    [[1, , 2] as Value[], '[1,undefined,2]'],
  ])('%j is written %s', (given, text) => {
    expect(canonical(given)).toBe(text);
  });

  it('is read back as the same value', () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = canonical(given);
        const back = parseCanonical(text);
        expect(canonical(back)).toBe(text);
        expect(sameValue(back, given)).toBe(!hasOpaque(given));
      }),
      { numRuns: 300 },
    );
  });

  it('tells different values apart', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        fc.pre(!hasOpaque(a) && !hasOpaque(b));
        expect(sameValue(a, b)).toBe(canonical(a) === canonical(b));
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseCanonical', () => {
  it('allows spaces between tokens', () => {
    expect(parseCanonical(' [ 1 , "a b" ] ')).toEqual([1, 'a b']);
  });

  it.each(['', '[1', '[1,]', '{}', '01', '1 2', 'nul', "'a'", '"\\x"', '['.repeat(300)])(
    'refuses %s',
    (text) => {
      expect(() => parseCanonical(text)).toThrow(SyntaxError);
    },
  );
});

describe('opaque values', () => {
  it('equal nothing, themselves included, at any depth', () => {
    const object = opaque('object');
    expect(opaqueKind(object)).toBe('object');
    expect(sameValue(object, object)).toBe(false);
    expect(sameValue([1, object], [1, object])).toBe(false);
    expect(hasOpaque([1, [object]])).toBe(true);
    expect(hasOpaque([1, ['object']])).toBe(false);
  });
});
