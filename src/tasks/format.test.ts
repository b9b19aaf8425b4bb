import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '../program/values.ts';
import * as format from './format.ts';

const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.double().map((x) => (Object.is(x, -0) ? 0 : x)),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('<|eos|>', 'b= 1\n', ' ]'),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value;

describe('values', () => {
  it.each<[Value, string]>([
    [34, ' 34'],
    [-0, ' 0'],
    [0.5, ' 0.5'],
    [1e21, ' 1e+21'],
    [[3, -4, 12], '[ 3 -4 12]'],
    [[], '[]'],
    [[[1], [], 'a b'], '[[ 1][] "a b"]'],
    [[true, null, undefined], '[ true null undefined]'],
    ['<|eos|>\n', ' "\\u003c|eos|>\\n"'],
  ])('%j is %s', (value, text) => {
    expect(format.formatValue(value)).toBe(text);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = format.formatValue(value);
        expect(text).not.toContain('<|');
        expect(text).not.toContain('\n');
        expect(format.parseValue(text)).toEqual({ value });
      }),
    );
  });

  it.each([
    '',
    '3',
    ' 03',
    ' 3 ',
    ' 3 4',
    '[ 3',
    '[3]',
    '[ 3,4]',
    ' tru',
    ' "a',
    '[ 3]]',
    ' +3',
    '[ -]',
    '['.repeat(99),
  ])('refuses %j', (text) => {
    expect(format.parseValue(text)).toBeNull();
  });
});

describe('prompts', () => {
  const task = { description: 'add 2, then sum', signature: 'function f(a) {\n' };
  const program = 'function f(a) {\n  return a;\n}';

  it('are written as they are trained on', () => {
    expect(format.codePrompt(task)).toBe('<|task|> add 2, then sum<|code|>function f(a) {\n');
    expect(format.executionPrompt({ inputs: [[3, -4], 5], program, variables: ['b', 'return'] })).toBe(
      `<|run|>[ 3 -4] 5<|code|>${program}<|vars|> b return<|answer|>`,
    );
    expect(format.outputPrompt({ ...task, inputs: [[1]] })).toBe(
      '<|task|> add 2, then sum<|code|>function f(a) {\n<|run|>[ 1]<|vars|> return<|answer|>',
    );
  });

  it('join a completion to its signature and back', () => {
    const completion = format.completionOf(task, program);
    expect(completion).toBe('  return a;\n}');
    expect(format.programOf(task, completion)).toBe(program);
    expect(() => format.completionOf(task, 'let f;')).toThrow('must begin with');
  });
});

describe('answers', () => {
  it('are one line a variable', () => {
    const text = 'b=[ 3 5]\nc=[ 9 25]\nreturn= 34';
    const entries: [string, Value][] = [
      ['b', [3, 5]],
      ['c', [9, 25]],
      ['return', 34],
    ];
    expect(format.formatAnswer(entries)).toBe(text);
    expect(format.parseAnswer(text)).toEqual(entries);
  });

  it('read back, whatever the values', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z_$][a-z0-9]{0,3}$/), { minLength: 1 }),
        anyValue,
        (names, value) => {
          const entries = names.map((name, i): [string, Value] => [name, i % 2 ? value : [value, i]]);
          expect(format.parseAnswer(format.formatAnswer(entries))).toEqual(entries);
        },
      ),
    );
  });

  it.each(['', 'b', 'b=', 'b=3', 'b= 3\n', 'b= 3 c= 4', '1= 3', 'b = 3', 'b= 3\r\nc= 4'])(
    'refuse %j',
    (text) => {
      expect(format.parseAnswer(text)).toBeNull();
    },
  );
});
