import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { grade } from '../sandbox/grade.ts';
import { createNodeSandbox } from '../sandbox/node.ts';
import type { ProgramResult, Sandbox } from '../sandbox/types.ts';
import { TaskImportError } from './import.ts';
import { type AssertionTask, assertionJob, assertionSolution, assertionsHold } from './import_assertions.ts';
import { importHumanEvalX } from './import_humaneval_x.ts';
import { importMbxp } from './import_mbxp.ts';

const sample = (name: string) => readFile(new URL(`samples/${name}.jsonl`, import.meta.url), 'utf8');

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox();
});

async function run(task: AssertionTask, program: string): Promise<ProgramResult> {
  const [result] = await sandbox.run([assertionJob(task, program, true)]);
  return result;
}

describe.each([
  ['HumanEval-X', 'humaneval_x', importHumanEvalX],
  ['MBXP', 'mbxp', importMbxp],
] as const)('%s', (_, file, read) => {
  it('has solutions that pass, traced', async () => {
    const tasks = read(await sample(file));
    expect(tasks.length).toBeGreaterThan(10);
    for (const task of tasks.filter(({ solution }) => solution !== undefined)) {
      const result = await run(task, assertionSolution(task));
      expect(result.calls[0], task.id).toMatchObject({ status: 'ok', value: 0 });
      expect(assertionsHold(result)).toBe(true);
      expect(grade(result, [0]).verdict).toBe('pass');
      expect(result.calls[0].trace).toMatchObject({ truncated: false });
      expect(result.calls[0].trace!.steps.length).toBeGreaterThan(0);
    }
  });

  it('sees programs that are wrong', async () => {
    for (const task of read(await sample(file))) {
      const result = await run(task, `function ${task.entry}() { return 'no' }`);
      expect(assertionsHold(result), task.id).toBe(false);
    }
  });
});

it('gives the lines of the program', async () => {
  const [task] = importHumanEvalX(await sample('humaneval_x'));
  const { calls } = await run(task, assertionSolution(task));
  expect(calls[0].trace!.steps[0]).toEqual({ line: 2, name: 'a', value: 1 });
  expect(Object.keys(calls[0].trace!.hits)).toEqual(expect.arrayContaining(['3', '4']));
  const failed = await run(task, 'const larger = () => {\n  return null.x;\n}');
  expect(failed.calls[0]).toMatchObject({ status: 'runtime_error', line: 2 });
});

describe('errors', () => {
  const good = {
    task_id: 'a/1',
    prompt: '// f',
    declaration: 'const f = () => {\n',
    canonical_solution: '}\n',
    test: 'f()',
  };

  it.each<[string, object[], RegExp]>([
    [
      'a missing key',
      [{ ...good, test: undefined }],
      /^line 1: "test" must be a non-empty string, got nothing$/,
    ],
    [
      'a declaration without a function',
      [{ ...good, declaration: 'f(' }],
      /^line 1: "declaration" must open/,
    ],
    ['the same id twice', [good, good], /^line 2: the same task_id "a\/1" as on line 1$/],
    ['an empty file', [], /^line 1: there are no tasks; expected task_id/],
  ])('name %s', (_, records, message) => {
    const text = records.map((record) => JSON.stringify(record)).join('\n');
    expect(() => importHumanEvalX(text)).toThrow(TaskImportError);
    expect(() => importHumanEvalX(text)).toThrow(message);
  });

  it('name broken JSON, and list every line', () => {
    expect(() => importMbxp('{\n[]')).toThrow(
      /^line 1: not JSON.*\nline 2: each line must be one JSON object/,
    );
  });

  it('name the place in a solution or test that does not parse', async () => {
    const [task] = importHumanEvalX(JSON.stringify({ ...good, canonical_solution: '  return )\n}' }));
    const { loadError } = await run(task, assertionSolution(task));
    expect(loadError).toMatchObject({ status: 'syntax_error', line: 2, column: 10 });
  });

  it('name modules that there are not', async () => {
    const [task] = importHumanEvalX(JSON.stringify(good));
    const { loadError } = await run(task, 'const md5 = require("js-md5");\nconst f = () => 1;');
    expect(loadError).toMatchObject({ error: expect.stringMatching(/no module js-md5/), line: 1 });
  });

  it('ask for a solution that the file lacks', async () => {
    const task = importMbxp(await sample('mbxp'))[2];
    expect(() => assertionSolution(task)).toThrow(/SampleJSP\/2 has no canonical_solution/);
  });
});
