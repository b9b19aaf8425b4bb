import { readFileSync } from 'node:fs';
import type { Value } from '../src/program/values.ts';
import { grade } from '../src/sandbox/grade.ts';
import hostile from '../src/sandbox/hostile-programs.json' with { type: 'json' };
import { createNodeSandbox } from '../src/sandbox/node.ts';
import own from '../src/sandbox/own-hostile-programs.json' with { type: 'json' };
import type { ProgramJob, ProgramResult } from '../src/sandbox/types.ts';
import { importAny } from '../src/tasks/import_any.ts';
import { assertionJob, assertionSolution } from '../src/tasks/import_assertions.ts';
import { expect, test } from './fixtures.ts';

const inputs = hostile.task.tests as Value[][];
const job = (code: string): ProgramJob => ({ code, entry: 'solve', inputs, trace: [0] });
const good = job(hostile.programs.find(({ name }) => name === 'control-correct')!.code);
const programs = [...hostile.programs, ...own.programs];
/** Solutions of the benchmarks' formats, with their tests. */
const samples = ['humaneval_x', 'mbxp'].flatMap((name) => {
  const file = importAny(readFileSync(`src/tasks/samples/${name}.jsonl`, 'utf8'));
  if (file.format === 'Tracewright') throw new Error(`${name}.jsonl is read as Tracewright's own format`);
  const solved = file.tasks.filter(({ solution }) => solution !== undefined);
  return solved.map((task) => assertionJob(task, assertionSolution(task), true));
});
/** Each followed by one that must pass whatever was before it. */
const jobs = [
  ...programs.flatMap(({ code }) => [job(code), good]),
  ...samples,
  { ...good, traceMode: 'full' as const },
  { code: 'function f() { return [Math.random(), 0.1 + 0.2, NaN, undefined] }', entry: 'f', inputs: [[]] },
  { code: 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) }', entry: 'f', inputs: [[5], [20], [40]] },
];

test('programs end alike in Node and in the page, to the value and the last unit of fuel', async ({
  page,
  modules,
}) => {
  const sandbox = await createNodeSandbox();
  const expected = await sandbox.run(jobs);
  await page.goto(modules);
  const [actual, times] = await page.evaluate(
    async (jobs) => {
      const { createBrowserSandbox } = await import('/src/sandbox/browser.ts' as string);
      const sandbox = await createBrowserSandbox();
      const results: ProgramResult[] = await sandbox.run(jobs);
      const time = async (job: unknown) => {
        const start = performance.now();
        await sandbox.run([job]);
        return performance.now() - start;
      };
      // About 25 ms of work: where this takes longer, the machine is busy with other things.
      const known = {
        code: 'function f() { for (;;); }',
        entry: 'f',
        inputs: [[]],
        fuel: 4_000_000,
      };
      const times: number[] = [];
      for (const job of jobs) {
        let best = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 12 && best > 100; i++) {
          const slowdown = i === 0 ? 1 : Math.max(1, (await time(known)) / 50);
          best = Math.min(best, (await time(job)) / slowdown);
        }
        times.push(best);
      }
      sandbox.dispose();
      return [results, times] as const;
    },
    jobs as unknown as { code: string }[],
  );
  for (const [i, result] of expected.entries()) {
    expect.soft(actual[i], jobs[i].code.slice(0, 200)).toEqual(result);
    expect(times[i], `milliseconds of ${jobs[i].code.slice(0, 200)}`).toBeLessThan(100);
    if (jobs[i] === good) expect(grade(actual[i], hostile.task.expected).verdict).toBe('pass');
    if (samples.includes(jobs[i])) expect(grade(actual[i], [0]).verdict).toBe('pass');
  }
});

test('a worker can start sandbox workers of its own', async ({ page, modules }) => {
  await page.goto(modules);
  const value = await page.evaluate(async () => {
    const source = `
      const { createBrowserSandbox } = await import(${JSON.stringify(`${location.origin}/src/sandbox/browser.ts`)});
      const sandbox = await createBrowserSandbox();
      const job = { code: 'function f(a) { return a + 1 }', entry: 'f', inputs: [[1]] };
      const [{ calls }] = await sandbox.run([job]);
      sandbox.dispose();
      postMessage(calls[0].value);
    `;
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  });
  expect(value).toBe(2);
});
