import { describe, expect, it } from 'vitest';
import { generateTasks } from './generate.ts';
import { importTasks, TaskImportError } from './import.ts';
import { compositionSplit } from './split.ts';

const good = {
  description: 'add the numbers',
  signature: 'function add(x, y) {',
  tests: [{ input: [1, 2], expected: 3 }],
};
const lines = (...records: unknown[]) => records.map((record) => JSON.stringify(record)).join('\n');

/** The message that an import fails with. */
function failure(text: string): string {
  try {
    importTasks(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TaskImportError);
    return (error as Error).message;
  }
  throw new Error('the import succeeded');
}

describe('importTasks', () => {
  it('reads a minimal task', () => {
    const [task] = importTasks(`\uFEFF\n${lines(good)}\r\n\n`);
    expect(task).toEqual({
      id: expect.stringMatching(/^imported-[0-9a-f]{8}$/),
      family: 'imported',
      split: compositionSplit('imported:add the numbers'),
      description: good.description,
      signature: 'function add(x, y) {\n',
      entry: 'add',
      visibleTests: good.tests,
      hiddenTests: good.tests,
      composition: 'imported:add the numbers',
    });
  });

  it('reads what the generator makes', () => {
    const tasks = generateTasks({ families: ['pipelines'], split: 'rl', count: 20, seed: 1 });
    const text = lines(
      ...tasks.map(({ description, signature, entry, reference, visibleTests, hiddenTests }) => ({
        description,
        signature,
        entry,
        reference,
        tests: visibleTests,
        hidden_tests: hiddenTests,
      })),
    );
    const imported = importTasks(text);
    expect(imported.map(({ reference }) => reference)).toEqual(tasks.map(({ reference }) => reference));
    expect(imported.map(({ hiddenTests }) => hiddenTests)).toEqual(
      tasks.map(({ hiddenTests }) => hiddenTests),
    );
  });

  it.each<[string, unknown, string]>([
    [
      'a missing description',
      { ...good, description: undefined },
      '"description" must be a non-empty string, got nothing',
    ],
    ['a mark in the text', { ...good, description: 'a <|eos|>' }, 'without "<|"'],
    ['a broken signature', { ...good, signature: 'add = (x, y) =>' }, 'the first line of a function'],
    ['another entry', { ...good, entry: 'sum' }, 'the function of the signature, "add", got "sum"'],
    ['no tests', { ...good, tests: [] }, '"tests" must be a non-empty array'],
    [
      'input that is no list',
      { ...good, tests: [{ input: 1, expected: 3 }] },
      '"tests[0].input" must be an array of arguments, got 1',
    ],
    ['an object as a value', { ...good, tests: [{ input: [{}], expected: 3 }] }, 'finite numbers'],
    ['a missing output', { ...good, tests: [{ input: [1] }] }, '"tests[0].expected" must be a value'],
    [
      'uneven arguments',
      { ...good, hidden_tests: [{ input: [1], expected: 1 }] },
      'same number of arguments, got 2 and 1',
    ],
    ['a foreign reference', { ...good, reference: 'let add;' }, 'begins with the signature'],
    ['a misspelt key', { ...good, hiddenTests: [] }, 'unknown key "hiddenTests"'],
    ['no object', [1], 'one JSON object, got [1]'],
    ['a benchmark', { task_id: 'a/1', entry_point: 'f' }, 'a task of the MBXP format'],
  ])('names the line with %s', (_, record, message) => {
    const text = failure(`${lines({ ...good, description: 'first' })}\n\n${lines(record)}`);
    expect(text).toMatch(/^line 3: /);
    expect(text).toContain(message);
  });

  it('names duplicates, broken JSON and empty files', () => {
    expect(failure(lines(good, good))).toBe(
      'line 2: the same description and signature as on line 1; each task may come once',
    );
    expect(failure(lines({ ...good, id: 'x' }, { ...good, description: 'other', id: 'x' }))).toContain(
      'id "x" as on line 1',
    );
    expect(failure('{')).toMatch(/^line 1: not JSON/);
    expect(failure('\n \n')).toBe('line 1: there are no tasks; expected one JSON object a line');
  });

  it('lists every faulty line, up to a limit', () => {
    const text = failure(lines(...Array.from({ length: 14 }, () => 7)));
    expect(text.split('\n')).toHaveLength(11);
    expect(text).toContain('and 4 more');
  });
});
