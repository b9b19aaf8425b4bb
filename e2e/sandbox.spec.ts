import type { Value } from '../src/program/values.ts';
import hostile from '../src/sandbox/hostile-programs.json' with { type: 'json' };
import { createNodeSandbox } from '../src/sandbox/node.ts';
import type { ProgramJob } from '../src/sandbox/types.ts';
import { expect, test } from './fixtures.ts';

const inputs = hostile.task.tests as Value[][];
const jobs: ProgramJob[] = [
  ...hostile.programs.map(({ code }) => ({ code, entry: 'solve', inputs, trace: [0] })),
  { code: 'function f() { return [Math.random(), 0.1 + 0.2, NaN, undefined] }', entry: 'f', inputs: [[]] },
  { code: 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) }', entry: 'f', inputs: [[5], [20], [40]] },
];

test('programs end alike in Node and in the page, to the value', async ({ page, modules }) => {
  const sandbox = await createNodeSandbox();
  const expected = await sandbox.run(jobs);
  await page.goto(modules);
  const actual = await page.evaluate(async (jobs) => {
    const { createBrowserSandbox } = await import('/src/sandbox/browser.ts' as string);
    const sandbox = await createBrowserSandbox();
    const results = await sandbox.run(jobs);
    sandbox.dispose();
    return results;
  }, jobs as unknown);
  for (const [i, result] of expected.entries()) {
    expect(actual[i], jobs[i].code.slice(0, 200)).toEqual(result);
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
