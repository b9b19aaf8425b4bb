import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { programText } from './arbitrary-program.ts';
import { instrument } from './instrument.ts';
import { isParseError, parseProgram } from './parse.ts';

function instrumented(code: string): string {
  const parsed = parseProgram(code);
  if (isParseError(parsed)) throw new Error(`${parsed.error} at ${parsed.line}:${parsed.column} in\n${code}`);
  return instrument(parsed, 'f').code;
}

/** Whether `text` is `source` with characters inserted. */
function isInsertionOnly(source: string, text: string): boolean {
  let at = 0;
  for (const character of text) if (character === source[at]) at++;
  return at === source.length;
}

describe('instrument', () => {
  it.each([
    'function f(a) {\n  let b = a; // a comment\n  return b\n}',
    'const f = (a) =>\n  a.map((x) => ({ x }));',
    'let f; f = function (a) { return }',
    'function g() {}',
    '',
  ])('only inserts text, and no line: %s', (code) => {
    const text = instrumented(code);
    expect(isInsertionOnly(code, text)).toBe(true);
    expect(text.split('\n').length).toBe(code.split('\n').length);
  });

  it('only inserts text into random programs, and the result parses', () => {
    fc.assert(
      fc.property(programText, (code) => {
        fc.pre(!isParseError(parseProgram(code)));
        const text = instrumented(code);
        expect(isInsertionOnly(code, text)).toBe(true);
        expect(() => new Function(`"use strict";${text}`)).not.toThrow();
      }),
      { numRuns: 200 },
    );
  });
});
