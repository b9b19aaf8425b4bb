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

/** What an item asks for besides the output: final values, nothing, or every value in the order of its definition. */
export type TargetChoice = 'variables' | 'output_only' | 'trajectory';

/** What of a call becomes a question, as in the configuration. */
export interface TruthOptions {
  align_max_variables: number;
  align_value: ValueChoice;
  /** `variables` where nothing else is said, as in evaluations. */
  align_target?: TargetChoice;
  align_max_definitions?: number;
}

/**
 * What to ask for, with the true values; the output stands last.
 * - `variables`: those that the function defined and that live until it returns (a parameter only when it was given
 *   another value), the last `align_max_variables` of them (the released code's rule, for a function instead of a
 *   module).
 * - `output_only`: the paper's ablation without variables.
 * - `trajectory`: each of the last `align_max_definitions` definitions of those variables in order, so a name comes
 *   as often as it was defined.
 */
export function truthOf(
  program: string,
  entry: string,
  trace: Trace,
  output: Value,
  options: TruthOptions,
): [string, Value][] {
  const parsed = parseProgram(program);
  if (isParseError(parsed)) throw new Error(`truthOf(): a traced program does not parse: ${parsed.error}`);
  const own = functionVariables(parsed, entry);
  return [...asked(own, trace, options), [RETURN, output]];
}

function asked(own: readonly string[], trace: Trace, options: TruthOptions): [string, Value][] {
  switch (options.align_target ?? 'variables') {
    case 'output_only':
      return [];
    case 'trajectory':
      return trace.steps
        .filter(({ name }) => own.includes(name) && name in trace.lastDefinition)
        .slice(-(options.align_max_definitions ?? 0))
        .map(({ name, value }) => [name, value]);
    case 'variables': {
      const values = options.align_value === 'last_definition' ? trace.lastDefinition : trace.atEnd;
      const names = own.filter((name) => name in values);
      return names.slice(-options.align_max_variables).map((name) => [name, values[name]]);
    }
  }
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
  options: TruthOptions,
): AlignmentItem | null {
  if (call.status !== 'ok' || !call.trace || call.trace.truncated) return null;
  const truth = truthOf(program, task.entry, call.trace, call.value, options);
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
