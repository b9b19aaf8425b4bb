/**
 * @file Microseconds a program, in one thread, against V8's own `new Function` and against a fresh runtime and
 * context of quickjs-emscripten: `npm run bench:sandbox -- [--rounds 40] [--out runs/bench/sandbox.json]`.
 *
 * Every round times every row once, so that a busy machine disturbs all rows alike; on one the best of the rounds
 * says more than their median. A program is a text not seen before, which is read, compiled and called eight times.
 * `new Function` copies the eight inputs for it, as a call may change its own; a row without copies stands beside it.
 * The fresh engines are compared twice: bare, and with the lock-down, encoder and tracer that make ours safe.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { getQuickJS } from 'quickjs-emscripten';
import { canonical } from '../src/program/values.ts';
import { ANSWER_CODE } from '../src/sandbox/guest/answer.ts';
import { LOCK_DOWN_CODE } from '../src/sandbox/guest/lock_down.ts';
import { TRACER_CODE } from '../src/sandbox/guest/tracer.ts';
import { createNodeSandbox } from '../src/sandbox/node.ts';
import type { ProgramJob } from '../src/sandbox/types.ts';
import { ENDLESS, TYPICAL } from './programs.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    out: { type: 'string', default: 'runs/bench/sandbox.json' },
  },
});
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`bench: --rounds must be a positive integer, got ${flags.rounds}`);

/** Text that no cache has seen: V8 keeps compiled code by its source. */
let serial = 0;
const unseen = (code: string) => `${code}\n//${serial++}`;

const sandbox = await createNodeSandbox();
const quickjs = await getQuickJS();
const batch = Array.from({ length: 4 }, () => TYPICAL).flat();
const ours = (change: (job: ProgramJob) => Partial<ProgramJob>, jobs = batch) => ({
  programs: jobs.length,
  run: () => sandbox.run(jobs.map((job) => ({ ...job, code: unseen(job.code), ...change(job) }))),
});
const mixed = Array.from({ length: 20 }, (_, i): ProgramJob => {
  const job = TYPICAL[i % TYPICAL.length];
  if (i % 20 < 14) return job;
  return i % 20 < 17 ? { ...job, code: job.code.replace('{', '(') } : { ...ENDLESS, inputs: job.inputs };
});

interface Row {
  programs: number;
  run(): unknown;
}

/** The published engine, started anew for every program. */
function fresh(harness: string): Row {
  return {
    programs: TYPICAL.length,
    run() {
      for (const { code, entry, inputs } of TYPICAL) {
        const runtime = quickjs.newRuntime();
        const context = runtime.newContext();
        if (harness) context.unwrapResult(context.evalCode(harness)).dispose();
        const calls = `JSON.stringify(${JSON.stringify(inputs)}.map((input) => ${entry}(...input)))`;
        const script = `"use strict";${unseen(code)}\n${calls}`;
        context.unwrapResult(context.evalCode(script)).consume(context.getString);
        context.dispose();
        runtime.dispose();
      }
    },
  };
}

const V8_ROW = 'new Function, new source text, 8 calls';
const BARE_ROW = 'fresh runtime and context, 8 calls';
const SAFE_ROW = 'the same with our lock-down, encoder and tracer';

const rows: Record<string, Row> = {
  [V8_ROW]: {
    programs: batch.length,
    run() {
      for (const { code, entry, inputs } of batch) {
        const f = new Function(`"use strict";${unseen(code)}\nreturn ${entry}`)();
        for (const input of structuredClone(inputs)) f(...input);
      }
    },
  },
  'new Function, inputs not copied for each program': {
    programs: batch.length,
    run() {
      for (const { code, entry, inputs } of batch) {
        const f = new Function(`"use strict";${unseen(code)}\nreturn ${entry}`)();
        for (const input of inputs) f(...input);
      }
    },
  },
  [BARE_ROW]: fresh(''),
  [SAFE_ROW]: fresh(
    `globalThis.__buffers = [new ArrayBuffer(720000), new ArrayBuffer(65540)];${LOCK_DOWN_CODE}${ANSWER_CODE}${TRACER_CODE}`,
  ),
  '8 calls of a wrapper, shared state': ours(({ entry, code, inputs }) => ({
    code: `${unseen(code)}\nfunction all(inputs) { return inputs.map((input) => ${entry}(...input)) }`,
    entry: 'all',
    inputs: [[inputs]],
  })),
  '8 isolated calls': ours(() => ({})),
  '8 isolated calls, 2 traced': ours(() => ({ trace: [0, 3] })),
  '8 isolated calls, 8 traced': ours(() => ({ trace: [0, 1, 2, 3, 4, 5, 6, 7] })),
  '8 isolated calls, 2 traced in full': ours(() => ({ trace: [0, 3], traceMode: 'full' })),
  'endless loop, 1 call': ours(() => ({}), [ENDLESS]),
  'endless loop, 1 call, traced': ours(() => ({ trace: [0] }), [ENDLESS]),
  'mixed: 70% typical, 15% syntax, 15% endless': ours(() => ({}), mixed),
};
for (const trace of [undefined, [0, 3]]) {
  const results = await sandbox.run(batch.map((job) => ({ ...job, trace })));
  rows[`copy of results as to a worker, ${trace ? '2 traced' : 'plain'}`] = {
    programs: batch.length,
    run: () => structuredClone(results),
  };
}

// The two engines must do the same work.
for (const { code, entry, inputs } of TYPICAL) {
  const f = new Function(`"use strict";${code}\nreturn ${entry}`)();
  const [{ calls }] = await sandbox.run([{ code, entry, inputs }]);
  const expected = structuredClone(inputs).map((input) => canonical(f(...input)));
  if (calls.some(({ value }, i) => canonical(value) !== expected[i]))
    throw new Error(`bench: ${entry} returns other values in the sandbox than in Node`);
}

const times: Record<string, number[]> = {};
for (let round = -3; round < rounds; round++) {
  for (const [label, { programs, run }] of Object.entries(rows)) {
    const start = performance.now();
    await run();
    // The first rounds only warm up.
    if (round >= 0) (times[label] ??= []).push(((performance.now() - start) * 1000) / programs);
  }
}

const figures = Object.fromEntries(
  Object.entries(times).map(([label, list]) => {
    list.sort((a, b) => a - b);
    return [label, { best: list[0], median: list[list.length >> 1] }];
  }),
);
const ratios = (label: string, row: { best: number; median: number }, inverse = false) => {
  const { best, median } = figures[label];
  return inverse
    ? { best: best / row.best, median: median / row.median }
    : { best: row.best / best, median: row.median / median };
};
const report = Object.entries(figures).map(([label, row]) => ({
  label,
  best_us: row.best,
  median_us: row.median,
  times_new_function: ratios(V8_ROW, row),
  faster_than_fresh_context: ratios(BARE_ROW, row, true),
  faster_than_fresh_safe_context: ratios(SAFE_ROW, row, true),
  programs_per_minute: { best: 60e6 / row.best, median: 60e6 / row.median },
}));

const cell = (value: number, digits = 0) => value.toFixed(digits).padStart(9);
console.log(
  `${'microseconds a program: best and median, then ratios'.padEnd(53)}     best   median | x new Function | bare/x | safe/x | a minute`,
);
for (const row of report) {
  const { best_us, median_us, times_new_function: times } = row;
  console.log(
    row.label.padEnd(53) +
      cell(best_us) +
      cell(median_us) +
      cell(times.best, 2) +
      cell(times.median, 2) +
      cell(row.faster_than_fresh_context.best, 1) +
      cell(row.faster_than_fresh_safe_context.best, 1) +
      cell(row.programs_per_minute.best).padStart(12),
  );
}
mkdirSync(path.dirname(flags.out), { recursive: true });
const machine = {
  node: process.version,
  cpu: os.cpus()[0].model,
  cores: os.cpus().length,
  load: os.loadavg(),
};
writeFileSync(flags.out, `${JSON.stringify({ machine, rounds, rows: report }, null, 2)}\n`);
console.log(`written to ${flags.out}`);
sandbox.dispose();
