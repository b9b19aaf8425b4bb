/** Time per program in this process: `npx tsx bench/sandbox.ts [rounds]`. */

import { createNodeSandbox } from '../src/sandbox/node.ts';
import type { ProgramJob, Sandbox } from '../src/sandbox/types.ts';

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

async function time(sandbox: Sandbox, label: string, jobs: ProgramJob[], rounds: number): Promise<void> {
  await sandbox.run(jobs);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await sandbox.run(jobs);
    times.push(((performance.now() - start) * 1000) / jobs.length);
  }
  times.sort((a, b) => a - b);
  const [best, median] = [times[0], times[times.length >> 1]].map((t) => t.toFixed(0).padStart(6));
  console.log(`${label.padEnd(40)} best ${best}  median ${median}  µs a program`);
}

const rounds = Number(process.argv[2] ?? 60);
const sandbox = await createNodeSandbox();
const plain = PROGRAMS.map(([entry, code, inputs]) => ({ entry, code, inputs }));
const repeat = (jobs: ProgramJob[]) => Array.from({ length: 8 }, () => jobs).flat();
await time(
  sandbox,
  '1 call',
  repeat(plain.map((job) => ({ ...job, inputs: job.inputs.slice(0, 1) }))),
  rounds,
);
await time(sandbox, '8 isolated calls', repeat(plain), rounds);
await time(
  sandbox,
  '8 isolated calls, 1 traced',
  repeat(plain.map((job) => ({ ...job, trace: [3] }))),
  rounds,
);
await time(
  sandbox,
  '8 isolated calls, 8 traced',
  repeat(plain.map((job) => ({ ...job, trace: [0, 1, 2, 3, 4, 5, 6, 7] }))),
  rounds,
);
const endless = { entry: 'f', code: 'function f() {\n  for (;;);\n}', inputs: [[]] };
await time(sandbox, 'endless loop, 1 call', [endless], rounds);
sandbox.dispose();
