/** @file Typical programs of six to thirteen lines, with eight inputs each, for the sandbox's measurements. */
import type { ProgramJob } from '../src/sandbox/types.ts';

const PROGRAMS: [entry: string, code: string, inputs: ProgramJob['inputs']][] = [
  [
    'sumEven',
    'function sumEven(a) {\n  let s = 0;\n  for (const x of a) {\n    if (x % 2 === 0) s += x;\n  }\n  return s;\n}',
    [[[1, 2, 3, 4]], [[]], [[2]], [[6, 6, 1]], [[9, 8, 7]], [[0]], [[5, 5, 5, 4]], [[10, 11, 12, 13, 14]]],
  ],
  [
    'bubble',
    'function bubble(a) {\n  const b = a.slice();\n  for (let i = 0; i < b.length; i++) {\n    for (let j = 0; j + 1 < b.length - i; j++) {\n      if (b[j] > b[j + 1]) [b[j], b[j + 1]] = [b[j + 1], b[j]];\n    }\n  }\n  return b;\n}',
    [[[3, 1, 2]], [[]], [[1]], [[5, 4, 3, 2]], [[1, 2, 3]], [[2, 2, 1]], [[9, 1, 8, 2]], [[4, 3]]],
  ],
  [
    'rle',
    "function rle(s) {\n  let out = '';\n  let i = 0;\n  while (i < s.length) {\n    let j = i;\n    while (j < s.length && s[j] === s[i]) j++;\n    out += s[i] + (j - i);\n    i = j;\n  }\n  return out;\n}",
    [['aab'], [''], ['a'], ['abc'], ['zzzz'], ['aabbcc'], ['abba'], ['xxy']],
  ],
  [
    'gcd',
    'function gcd(a, b) {\n  while (b !== 0) {\n    const t = a % b;\n    a = b;\n    b = t;\n  }\n  return a;\n}',
    [
      [12, 8],
      [7, 3],
      [0, 5],
      [100, 75],
      [9, 6],
      [17, 1],
      [48, 36],
      [5, 5],
    ],
  ],
  [
    'wordCount',
    "function wordCount(s) {\n  const words = s.split(' ').filter((w) => w.length > 0);\n  const seen = [];\n  for (const w of words) {\n    if (!seen.includes(w)) seen.push(w);\n  }\n  return seen.length;\n}",
    [['a b a'], [''], ['one'], ['x y z'], ['a a a'], ['to be or not to be'], [' a '], ['b b c']],
  ],
  [
    'fib',
    'function fib(n) {\n  if (n < 2) return n;\n  return fib(n - 1) + fib(n - 2);\n}',
    [[0], [1], [2], [3], [4], [5], [6], [7]],
  ],
];

/** The programs as jobs of isolated calls. */
export const TYPICAL: ProgramJob[] = PROGRAMS.map(([entry, code, inputs]) => ({ entry, code, inputs }));

/** A program that only its fuel ends. */
export const ENDLESS: ProgramJob = { entry: 'f', code: 'function f() {\n  for (;;);\n}', inputs: [[]] };
