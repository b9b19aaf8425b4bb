import { describe, expect, it } from 'vitest';
import { GATE, isParseError, parseProgram } from './parse.ts';

const refused: [what: string, code: string, error: RegExp, line: number, column: number][] = [
  ['a wrong token', 'function f() {\n  return ;;)\n}', /Unexpected token/, 2, 12],
  ['an unclosed body', 'function f() {', /Unexpected token/, 1, 15],
  ['NUL', 'let a;\nlet b\u0000', /NUL/, 2, 6],
  ['brackets too deep', `x =\n${'['.repeat(200)}`, /too deep/, 2, 121],
  ['operators too deep', `x = ${'!'.repeat(2000)}1`, /too deep/, 1, 1],
  ['arrows too deep', `x = ${'a=>'.repeat(3000)}1`, /too deep/, 1, 1],
  ['a sum too long', `x = ${'1+'.repeat(6000)}1`, /too deep/, 1, 1],
  ['too much text', ' '.repeat(GATE.maxLength + 1), /characters/, 1, 1],
  ['with', 'function f(a) { with (a) { return x } }', /with/i, 1, 17],
  ['an octal literal', 'let a = 017', /octal|Invalid number/i, 1, 9],
  ['import()', 'function f() {\n  return import("x")\n}', /import/, 2, 10],
  ['import', 'import x from "x"', /import/, 1, 1],
  ['a reserved name', 'function f() { __d(1) }', /reserved/, 1, 16],
  ['a reserved name in disguise', 'function f() { \\u005f_d(1) }', /reserved/, 1, 16],
  ['a reserved binding', 'function f(__k) {}', /reserved/, 1, 12],
  ['a reserved shorthand', 'let o = { __d }', /reserved/, 1, 11],
  ['a name declared twice', 'let f = 1;\nfunction f() {}', /already been declared/, 2, 10],
  ['an assignment to an undeclared eval', 'eval = 1', /eval/, 1, 1],
];

describe('parseProgram', () => {
  it.each(refused)('refuses %s', (_, code, error, line, column) => {
    const outcome = parseProgram(code);
    expect(outcome).toMatchObject({ error: expect.stringMatching(error), line, column });
  });

  it.each([
    'function f(a) { return { __proto__: null, x: a.__proto__ } }',
    'const f = (a) => a ?? 1;',
    'function f() { return "[[[".length }',
    '',
  ])('accepts %s', (code) => {
    expect(isParseError(parseProgram(code))).toBe(false);
  });
});
