import { isParseError, parseProgram } from '../program/parse.ts';
import { functionVariables } from '../program/scope.ts';
import { canonical, hasOpaque, parseCanonical, type Value } from '../program/values.ts';
import type { CallResult, Trace } from '../sandbox/types.ts';
import { executionPrompt, formatAnswer, RETURN } from '../tasks/format.ts';
import type { Task } from '../tasks/types.ts';

/** An execution-semantics alignment item: a program, an input, variable names, and the true values. */
export interface AlignmentItem {
  program: string;
  inputs: Value[];
  /** Names and true values in the order asked; the output stands last under the name `return`. */
  truth: [name: string, value: Value][];
  /** Id of the task whose failed program this is. */
  taskId: string;
}

/** Which value of a variable is the true one. */
export type ValueChoice = 'last_definition' | 'end_of_program';

/**
 * The variables to ask for, with their values: those that the function defined and that live until it returns
 * (a parameter only when it was given another value), the last `limit` of them (the released code's rule, for a
 * function instead of a module), then the output.
 */
export function truthOf(
  program: string,
  entry: string,
  trace: Trace,
  output: Value,
  limit: number,
  choice: ValueChoice,
): [string, Value][] {
  const parsed = parseProgram(program);
  if (isParseError(parsed)) throw new Error(`truthOf(): a traced program does not parse: ${parsed.error}`);
  const values = choice === 'last_definition' ? trace.lastDefinition : trace.atEnd;
  const names = functionVariables(parsed, entry).filter((name) => name in values);
  return [...names.slice(-limit).map((name): [string, Value] => [name, values[name]]), [RETURN, output]];
}

/**
 * The item of one traced call.
 * @returns null when the call failed or its trace is incomplete, so that there is no truth to ask for
 */
export function itemOf(
  program: string,
  task: Pick<Task, 'id' | 'entry'>,
  inputs: Value[],
  call: CallResult,
  limit: number,
  choice: ValueChoice,
): AlignmentItem | null {
  if (call.status !== 'ok' || !call.trace || call.trace.truncated) return null;
  const truth = truthOf(program, task.entry, call.trace, call.value, limit, choice);
  return { program, inputs, truth, taskId: task.id };
}

/** Whether all its values can be written down and compared: no objects, no undefined, no NaN, no infinities. */
export function isAskable({ truth }: AlignmentItem): boolean {
  return truth.every(([, value]) => isPlain(value));
}

function isPlain(value: Value): boolean {
  if (hasOpaque(value)) return false;
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value === 'number') return Number.isFinite(value);
  return value !== undefined;
}

/** The question as a prompt. */
export function questionOf(item: AlignmentItem): string {
  return executionPrompt({
    inputs: item.inputs,
    program: item.program,
    variables: item.truth.map(([name]) => name),
  });
}

/** The answer that is right in every cell. */
export function answerOf(item: AlignmentItem): string {
  return formatAnswer(item.truth);
}

/** An item as JSON holds it: values as canonical texts, for JSON knows no undefined, NaN or infinity. */
export interface SavedItem {
  program: string;
  inputs: string;
  truth: [name: string, value: string][];
  task_id: string;
}

/** Writes an item for a checkpoint. */
export function saveItem({ program, inputs, truth, taskId }: AlignmentItem): SavedItem {
  return {
    program,
    inputs: canonical(inputs),
    truth: truth.map(([name, value]) => [name, canonical(value)]),
    task_id: taskId,
  };
}

/** Reads an item of {@link saveItem}. */
export function restoreItem({ program, inputs, truth, task_id }: SavedItem): AlignmentItem {
  return {
    program,
    inputs: parseCanonical(inputs) as Value[],
    truth: truth.map(([name, value]) => [name, parseCanonical(value)]),
    taskId: task_id,
  };
}
