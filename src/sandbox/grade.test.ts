import { describe, expect, it } from 'vitest';
import { opaque } from '../program/values.ts';
import { grade } from './grade.ts';

describe('grade', () => {
  it('passes when every value is right', () => {
    expect(grade({ calls: [{ status: 'ok', value: [1, Number.NaN] }] }, [[1, Number.NaN]])).toEqual({
      verdict: 'pass',
      passed: [true],
    });
  });

  it('says which tests failed', () => {
    const calls = [1, '1', -0, undefined].map((value) => ({ status: 'ok' as const, value }));
    expect(grade({ calls }, [1, 1, 0, null])).toEqual({
      verdict: 'wrong_answer',
      passed: [true, false, true, false],
    });
  });

  it('never passes an opaque value', () => {
    const value = opaque('object');
    expect(grade({ calls: [{ status: 'ok', value }] }, [value]).verdict).toBe('wrong_answer');
  });

  it('gives the worst failure, and the first error', () => {
    const calls = [
      { status: 'ok' as const, value: 1 },
      { status: 'timeout' as const, error: 'too long' },
      { status: 'runtime_error' as const, error: 'TypeError', line: 3 },
    ];
    expect(grade({ calls }, [1, 1, 1])).toEqual({
      verdict: 'runtime_error',
      passed: [true, false, false],
      error: 'too long',
    });
  });

  it('gives the failure to load', () => {
    const loadError = { status: 'syntax_error' as const, error: 'SyntaxError', line: 2, column: 1 };
    const calls = [{ status: 'syntax_error' as const, error: 'SyntaxError', line: 2 }];
    expect(grade({ loadError, calls }, [1])).toEqual({
      verdict: 'syntax_error',
      passed: [false],
      error: 'SyntaxError',
      line: 2,
    });
  });

  it('refuses a wrong number of expected values', () => {
    expect(() => grade({ calls: [] }, [1])).toThrow('0 calls for 1 expected values');
  });
});
