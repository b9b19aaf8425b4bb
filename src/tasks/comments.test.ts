import { describe, expect, it } from 'vitest';
import { commentStatements, commentTruth } from './comments.ts';

const program = (comment: string) => `function f(a) {\n  let b = a;\n${comment}\n  return b;\n}`;

describe('commentStatements', () => {
  it('reads names and values, with or without spaces around the sign', () => {
    expect(commentStatements(program('  // b=[ 3 5] s= 8'))).toEqual([
      { name: 'b', text: '[ 3 5]', value: { value: [3, 5] } },
      { name: 's', text: ' 8', value: { value: 8 } },
    ]);
  });

  it('ignores code, comparisons and comments after code', () => {
    expect(commentStatements('let s = 8; // s= 9\n// s== 8\n// nothing')).toEqual([]);
  });

  it('keeps unreadable values as statements', () => {
    expect(commentStatements('// b=[ 3')).toEqual([{ name: 'b', text: '[ 3', value: null }]);
  });
});

describe('commentTruth', () => {
  it('counts what is so', () => {
    const text = program('  // b=[ 3 5] c= 1 s= 8');
    expect(commentTruth(text, { b: [3, 5], s: 9 })).toEqual({
      stated: 3,
      right: 1,
      share: 1 / 3,
      truthful: false,
    });
    expect(commentTruth(text, { b: [3, 5], c: 1, s: 8 }).truthful).toBe(true);
  });

  it('does not take silence or broken values for truth', () => {
    expect(commentTruth(program(''), { b: [] })).toEqual({ stated: 0, right: 0, share: 0, truthful: false });
    expect(commentTruth(program('  // b=[ 3'), { b: [3] }).right).toBe(0);
    expect(commentTruth(program('  // toString= 3'), {}).right).toBe(0);
  });
});
