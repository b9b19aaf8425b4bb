import { expect, test } from 'vitest';
import { highlight } from './highlight.ts';

test('cuts a program into lines of coloured pieces and loses nothing', () => {
  const code = 'function f(a) {\n  // add\n  let of = 1; return `x` + "y" + 12; /* two\nlines */\n}';
  const lines = highlight(code);
  expect(lines.map((line) => line.map(({ text }) => text).join('')).join('\n')).toBe(code);
  const kinds = (kind: string) =>
    lines
      .flat()
      .filter((piece) => piece.kind === kind)
      .map(({ text }) => text);
  expect(kinds('keyword')).toEqual(['function', 'let', 'return']);
  expect(kinds('number')).toEqual(['1', '12']);
  expect(kinds('comment')).toEqual(['// add', '/* two', 'lines */']);
});

test('shows what does not parse', () => {
  const code = 'let a = 1;\nlet b = "open';
  expect(
    highlight(code)
      .map((line) => line.map(({ text }) => text).join(''))
      .join('\n'),
  ).toBe(code);
});
