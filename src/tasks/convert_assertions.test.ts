import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { createNodeSandbox } from '../sandbox/node.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { checkSolutions } from './check_solutions.ts';
import { convertAssertionTask } from './convert_assertions.ts';
import { importTasks } from './import.ts';
import { importAny } from './import_any.ts';
import type { AssertionTask } from './import_assertions.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox();
});

async function sample(name: string) {
  return importAny(await readFile(new URL(`samples/${name}.jsonl`, import.meta.url), 'utf8'));
}

async function assertionTasks(name: string): Promise<AssertionTask[]> {
  const file = await sample(name);
  if (file.format === 'Tracewright') throw new Error(`${name} is no benchmark`);
  return file.tasks;
}

describe('convertAssertionTask', () => {
  const task: AssertionTask = {
    id: 'a/1',
    prompt: '/* Adds up.\n  >>> add(1)\n */\nconst add = (a, b = 1) => {\n',
    entry: 'add',
    head: '\nconst one = 1;\nconst add = (a, b = one) => {\n',
    solution: '  total = a.x ?? a;\n  return total + b;\n}\n',
    test: 'console.assert(add(1, 2) === 3); console.assert(add(1) === 2); console.assert(add({ x: 1 }, 2) === 3); add(1, 2)',
  };

  it('keeps calls with all arguments and plain values, and makes a program of the solution', async () => {
    const calls = [{ input: [1, 2], expected: 3 }];
    expect(await convertAssertionTask(sandbox, task)).toEqual({
      id: 'a/1',
      description: 'Adds up.\n>>> add(1)',
      signature: 'function add(a, b = one) {',
      tests: calls,
      hidden_tests: calls,
      reference:
        'function add(a, b = one) {\n  total = a.x ?? a;\n  return total + b;\n}\nconst one = 1;\nvar total;',
    });
  });

  it.each<[string, Partial<AssertionTask>, RegExp]>([
    ['objects alone', { test: 'add({}, 1)' }, /no test calls it with plain values/],
    ['other numbers of arguments', { test: 'add(1)' }, /no test calls it with 2 arguments/],
    ['an error in the test', { test: 'null.x' }, /TypeError/],
    ['syntax', { solution: ')' }, /does not parse/],
    [
      'a function that waits',
      { head: 'const add = async (a, b) => {\n' },
      /an async function or a generator/,
    ],
  ])('says why it cannot: %s', async (_, change, message) => {
    await expect(convertAssertionTask(sandbox, { ...task, ...change })).rejects.toThrow(message);
  });

  it('reads expected values from the tests where there is no solution', async () => {
    const { reference, tests } = await convertAssertionTask(sandbox, (await assertionTasks('mbxp'))[2]);
    expect(reference).toBeUndefined();
    expect(tests[0]).toEqual({ input: ['one two'], expected: 'two one' });
  });
});

it.each(['humaneval_x', 'mbxp'])('%s: solutions pass, as benchmarks and as tasks', async (name) => {
  const tasks = await assertionTasks(name);
  const checks = await checkSolutions(sandbox, await sample(name));
  expect(checks.length).toBe(tasks.filter(({ solution }) => solution !== undefined).length);
  expect(checks.filter(({ passed, traced }) => !passed || !traced)).toEqual([]);
  // One counts letters in an object, which is no plain value.
  const converted = await Promise.allSettled(tasks.map((task) => convertAssertionTask(sandbox, task)));
  const lines = converted.flatMap((one) => (one.status === 'fulfilled' ? JSON.stringify(one.value) : []));
  expect(lines.length).toBeGreaterThanOrEqual(tasks.length - 1);
  const file = importAny(lines.join('\n'));
  expect(file).toEqual({ format: 'Tracewright', tasks: importTasks(lines.join('\n')) });
  expect((await checkSolutions(sandbox, file)).every(({ passed, traced }) => passed && traced)).toBe(true);
});

it('says which solutions fail, and why', async () => {
  const wrong = {
    task_id: 'a/2',
    prompt: 'x',
    declaration: 'const f = (a) => {\n',
    canonical_solution: '  return a.b.c\n}',
    test: 'console.assert(f(1) === 1)',
  };
  const text = [
    JSON.stringify(wrong),
    JSON.stringify({ ...wrong, task_id: 'a/3', canonical_solution: 'return 2 }' }),
  ].join('\n');
  expect(await checkSolutions(sandbox, importAny(text))).toMatchObject([
    { id: 'a/2', passed: false, problem: expect.stringMatching(/^TypeError: .*, line 2$/) },
    { id: 'a/3', passed: false, problem: '1 assertions do not hold' },
  ]);
});
