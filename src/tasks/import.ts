import type { Value } from '../program/values.ts';
import { benchmarkOf } from './benchmark.ts';
import { compositionSplit, hashText } from './split.ts';
import type { Task, TestCase } from './types.ts';

/** One thing that is wrong with a task file. */
export interface ImportProblem {
  /** Line of the file, from 1. */
  line: number;
  message: string;
}

const MAX_SHOWN = 10;

/** Everything that is wrong with a task file; nothing of the file was taken. */
export class TaskImportError extends Error {
  override readonly name = 'TaskImportError';
  readonly problems: readonly ImportProblem[];

  constructor(problems: readonly ImportProblem[]) {
    const shown = problems.slice(0, MAX_SHOWN).map(({ line, message }) => `line ${line}: ${message}`);
    const more = problems.length - shown.length;
    super([...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
    this.problems = problems;
  }
}

const KEYS = ['id', 'description', 'signature', 'entry', 'tests', 'hidden_tests', 'reference'];

/** Thrown while a line is read; becomes an {@link ImportProblem} with its line number. */
class LineError extends Error {}

const shorten = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

function fail(key: string, expected: string, got: unknown): never {
  throw new LineError(`"${key}" must be ${expected}, got ${shorten(got)}`);
}

function textOf(record: Record<string, unknown>, key: string): string {
  const value = record[key];
  if (typeof value !== 'string' || value.trim() === '') return fail(key, 'a non-empty string', value);
  // Marks are written `<|...|>`; text of a task must not contain one.
  if (value.includes('<|'))
    return fail(key, 'text without "<|", which begins a mark of the tokenizer', value);
  return value;
}

/** Whether a value can stand in a file of tasks and in a test: no `undefined`, no NaN, no infinities. */
export function isPlainValue(value: unknown): value is Value {
  if (Array.isArray(value)) return value.every(isPlainValue);
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

const VALUE_HELP = 'made of finite numbers, strings, booleans, null and arrays';

function testsOf(record: Record<string, unknown>, key: string): TestCase[] {
  const list = record[key];
  if (!Array.isArray(list) || list.length === 0) {
    return fail(key, 'a non-empty array of {"input": [...], "expected": ...}', list);
  }
  return list.map((entry: unknown, i) => {
    const name = `${key}[${i}]`;
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) {
      return fail(name, 'an object {"input": [...], "expected": ...}', entry);
    }
    const { input, expected } = entry as Record<string, unknown>;
    if (!Array.isArray(input)) return fail(`${name}.input`, 'an array of arguments', input);
    if (!input.every(isPlainValue)) return fail(`${name}.input`, VALUE_HELP, input);
    if (!isPlainValue(expected)) return fail(`${name}.expected`, `a value ${VALUE_HELP}`, expected);
    return { input, expected };
  });
}

const SIGNATURE = /^function ([A-Za-z_$][\w$]*)\([^\n]*\) \{\n$/;

function taskOf(line: string): Task {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line);
  } catch (error) {
    throw new LineError(`not JSON (${(error as Error).message}); each line must be one JSON object`);
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record)) {
    throw new LineError(`each line must be one JSON object, got ${shorten(record)}`);
  }
  const benchmark = benchmarkOf(record);
  if (benchmark !== undefined) {
    throw new LineError(
      `a task of the ${benchmark} format, whose assertions a policy could change; make a file for runs of it with \`npm run import-tasks -- --tasks FILE --write NEW\``,
    );
  }
  const unknown = Object.keys(record).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new LineError(`unknown key ${shorten(unknown)}; known keys are ${KEYS.join(', ')}`);
  }
  const description = textOf(record, 'description');
  const signature = `${textOf(record, 'signature').trimEnd()}\n`;
  const named = SIGNATURE.exec(signature)?.[1];
  if (named === undefined) {
    return fail('signature', 'the first line of a function, as "function f(a, b) {"', record.signature);
  }
  if (record.entry !== undefined && record.entry !== named) {
    fail('entry', `the function of the signature, "${named}"`, record.entry);
  }
  const reference = record.reference === undefined ? undefined : textOf(record, 'reference').trimEnd();
  if (reference !== undefined && !reference.startsWith(signature)) {
    fail('reference', `a program that begins with the signature ${shorten(signature)}`, reference);
  }
  if (record.id !== undefined) textOf(record, 'id');
  const visibleTests = testsOf(record, 'tests');
  // Without hidden tests the visible ones grade: the policy never sees them, they are only shown to people.
  const hiddenTests = record.hidden_tests === undefined ? visibleTests : testsOf(record, 'hidden_tests');
  const counts = new Set([...visibleTests, ...hiddenTests].map(({ input }) => input.length));
  if (counts.size > 1) {
    throw new LineError(`all tests must have the same number of arguments, got ${[...counts].join(' and ')}`);
  }
  const composition = `imported:${description}`;
  const hash = hashText(composition + signature)
    .toString(16)
    .padStart(8, '0');
  return {
    id: (record.id as string | undefined) ?? `imported-${hash}`,
    family: 'imported',
    split: compositionSplit(composition),
    description,
    signature,
    entry: named,
    ...(reference === undefined ? {} : { reference }),
    visibleTests,
    hiddenTests,
    composition,
  };
}

/**
 * Tasks of a JSON Lines text: one object a line with `description`, `signature` and `tests`, and where wanted
 * `id`, `entry`, `hidden_tests` and `reference`. The split of a task follows from its description. Throws a
 * {@link TaskImportError} that lists every faulty line.
 */
export function importTasks(jsonLines: string): Task[] {
  const tasks: Task[] = [];
  const problems: ImportProblem[] = [];
  const seen = new Map<string, number>();
  jsonLines
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((text, i) => {
      const line = i + 1;
      if (text.trim() === '') return;
      try {
        const task = taskOf(text);
        for (const key of [`task ${task.description}\n${task.signature}`, `id ${task.id}`]) {
          const first = seen.get(key);
          if (first === undefined) continue;
          const what = key.startsWith('id ') ? `id "${task.id}"` : 'description and signature';
          throw new LineError(`the same ${what} as on line ${first}; each task may come once`);
        }
        seen.set(`task ${task.description}\n${task.signature}`, line);
        seen.set(`id ${task.id}`, line);
        tasks.push(task);
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        problems.push({ line, message: error.message });
      }
    });
  if (problems.length === 0 && tasks.length === 0) {
    problems.push({ line: 1, message: 'there are no tasks; expected one JSON object a line' });
  }
  if (problems.length > 0) throw new TaskImportError(problems);
  return tasks;
}
