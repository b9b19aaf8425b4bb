import type { Value } from '../program/values.ts';
import type { Trace } from '../sandbox/types.ts';
import { executionPrompt, formatAnswer, RETURN } from '../tasks/format.ts';

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
 * The variables to ask for, with their values: those of the function's own scope, the last `limit` by first
 * definition (the released code's rule), then the output.
 */
export function truthOf(trace: Trace, output: Value, limit: number, choice: ValueChoice): [string, Value][] {
  const values = choice === 'last_definition' ? trace.lastDefinition : trace.atEnd;
  const names = Object.keys(trace.atEnd).filter((name) => name in values);
  return [...names.slice(-limit).map((name): [string, Value] => [name, values[name]]), [RETURN, output]];
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
