import { expect, test } from 'vitest';
import { type FileCommand, readWords, wholeNumber, wordsHelp } from './words.ts';

const COMMAND: FileCommand = {
  usage: 'fold -- DIR',
  purpose: 'Folds.',
  flags: { out: { value: 'DIR', help: 'where to' }, list: { help: 'show only' } },
};

test('words in order, flags in both forms, the last of two counts', () => {
  const given = ['a', '--out', 'x', '--list', 'b', '--out=y=z'];
  const { words, flags } = readWords(given, COMMAND);
  expect(words).toEqual(['a', 'b']);
  expect([...flags]).toEqual([
    ['out', 'y=z'],
    ['list', ''],
  ]);
});

test.each([
  [['--lsit'], 'unknown option --lsit, did you mean --list? --help lists every option'],
  [['--constructor'], 'unknown option --constructor'],
  [['--list=1'], '--list takes no value, got "1"'],
  [['--help=1'], '--help takes no value, got "1"'],
  [['--out'], '--out needs a value: --out DIR'],
  [['--out', '--list'], '--out needs a value: --out DIR'],
])('refuses %j', (given, message) => {
  expect(() => readWords(given, COMMAND)).toThrow(message);
});

test('--help shows every flag, its own too', () => {
  expect(wordsHelp(COMMAND)).toBe(
    'Folds.\n\nUsage: npm run fold -- DIR\n\n  --out DIR  where to\n  --list     show only\n  --help     show this text\n',
  );
  expect(readWords(['--help'], COMMAND).flags.has('help')).toBe(true);
});

test('whole numbers within their range', () => {
  expect(wholeNumber('--cell', '3', 0, 5)).toBe(3);
  expect(() => wholeNumber('--cell', '6', 0, 5)).toThrow(
    '--cell: expected a whole number from 0 to 5, got "6"',
  );
  for (const text of ['', '1.5', 'x', '-1']) {
    expect(() => wholeNumber('--parallel', text, 1)).toThrow(`of at least 1, got "${text}"`);
  }
});
