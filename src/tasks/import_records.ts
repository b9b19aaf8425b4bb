import { type ImportProblem, TaskImportError } from './import.ts';
import type { AssertionTask } from './import_assertions.ts';

/** Reads one line of a file; what it throws becomes a problem of that line. */
export type ReadRecord = (record: Record<string, unknown>) => AssertionTask;

/** Thrown for a line that cannot be taken. */
export class RecordError extends Error {}

/** A string field of a record. */
export function textField(record: Record<string, unknown>, key: string): string {
  const value = record[key];
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new RecordError(
    `"${key}" must be a non-empty string, got ${(JSON.stringify(value) ?? 'nothing').slice(0, 60)}`,
  );
}

/** Tasks of a JSON Lines text, or a {@link TaskImportError} that lists every faulty line. */
export function readAssertionTasks(jsonLines: string, format: string, read: ReadRecord): AssertionTask[] {
  const tasks: AssertionTask[] = [];
  const problems: ImportProblem[] = [];
  const lines = new Map<string, number>();
  for (const [i, text] of jsonLines
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (text.trim() === '') continue;
    try {
      const task = read(parseRecord(text));
      const first = lines.get(task.id);
      if (first !== undefined) throw new RecordError(`the same task_id "${task.id}" as on line ${first}`);
      lines.set(task.id, i + 1);
      tasks.push(task);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      problems.push({ line: i + 1, message: error.message });
    }
  }
  if (problems.length === 0 && tasks.length === 0)
    problems.push({ line: 1, message: `there are no tasks; expected ${format}, one JSON object a line` });
  if (problems.length > 0) throw new TaskImportError(problems);
  return tasks;
}

function parseRecord(text: string): Record<string, unknown> {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw new RecordError(`not JSON (${(error as Error).message}); each line must be one JSON object`);
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record))
    throw new RecordError(`each line must be one JSON object, got ${text.slice(0, 60)}`);
  return record as Record<string, unknown>;
}
