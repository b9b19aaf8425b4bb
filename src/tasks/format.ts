/** @file The texts that the policy reads and writes, shared by training, evaluation and the page. */
import type { Value } from '../program/values.ts';
import type { Task } from './types.ts';

/** Marks between the parts of a prompt; each is one token. */
export const MARKS = {
  pad: '<|pad|>',
  eos: '<|eos|>',
  task: '<|task|>',
  code: '<|code|>',
  run: '<|run|>',
  vars: '<|vars|>',
  answer: '<|answer|>',
} as const;

/** The name that stands for what the call returns. */
export const RETURN = 'return';

/**
 * A value as text: scalars with a space before them, arrays in brackets without commas, so that each integer
 * of -99..99 is one token: ` 34`, `[ 3 -4 12]`, `[[ 1][ "ab" true]]`, ` null`.
 */
export function formatValue(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(formatValue).join('')}]`;
  // A string must not smuggle in a mark, so `<|` is escaped as JSON allows.
  if (typeof value === 'string') return ` ${JSON.stringify(value).replaceAll('<|', '\\u003c|')}`;
  return ` ${value}`;
}

const NUMBER = / (-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?|-?Infinity|NaN)(?=[ [\]]|$)/y;
const WORD = / (true|false|null|undefined)(?=[ [\]]|$)/y;
const STRING = / ("(?:[^"\\\n]|\\.)*")/y;
const WORDS: Record<string, Value> = { true: true, false: false, null: null, undefined: undefined };
const MAX_DEPTH = 32;

/** Reads one value at `start`; null when there is none. */
function readValue(text: string, start: number, depth = 0): { value: Value; end: number } | null {
  if (text[start] === '[') {
    if (depth === MAX_DEPTH) return null;
    const values: Value[] = [];
    let at = start + 1;
    while (text[at] !== ']') {
      const item = readValue(text, at, depth + 1);
      if (!item) return null;
      values.push(item.value);
      at = item.end;
    }
    return { value: values, end: at + 1 };
  }
  const match = (pattern: RegExp) => {
    pattern.lastIndex = start;
    return pattern.exec(text)?.[1];
  };
  const number = match(NUMBER);
  if (number !== undefined) return { value: Number(number), end: start + 1 + number.length };
  const word = match(WORD);
  if (word !== undefined) return { value: WORDS[word], end: start + 1 + word.length };
  const string = match(STRING);
  if (string === undefined) return null;
  try {
    return { value: JSON.parse(string) as string, end: start + 1 + string.length };
  } catch {
    return null;
  }
}

/** Reads what {@link formatValue} writes; null for anything else. The value is wrapped, as it may be null. */
export function parseValue(text: string): { value: Value } | null {
  const read = readValue(text, 0);
  return read && read.end === text.length ? { value: read.value } : null;
}

/** The prompt for a program: its completion is the rest of the program after the signature. */
export function codePrompt(task: Pick<Task, 'description' | 'signature'>): string {
  // The space gives the first word the same token that it has inside a sentence.
  return `${MARKS.task} ${task.description}${MARKS.code}${task.signature}`;
}

/** The whole program of a completion of {@link codePrompt}. */
export function programOf(task: Pick<Task, 'signature'>, completionText: string): string {
  return task.signature + completionText;
}

/** The completion of {@link codePrompt} that a whole program stands for; throws when the signature differs. */
export function completionOf(task: Pick<Task, 'signature'>, program: string): string {
  if (!program.startsWith(task.signature)) {
    throw new Error(
      `completionOf(): the program must begin with the task's signature ${JSON.stringify(task.signature)}, ` +
        `got ${JSON.stringify(program.slice(0, task.signature.length))}`,
    );
  }
  return program.slice(task.signature.length);
}

/** An argument list as text. */
export function formatInputs(inputs: readonly Value[]): string {
  return inputs.map(formatValue).join('');
}

/** The names of variables in a question, in the order in which the answer gives them. */
function formatNames(names: readonly string[]): string {
  return names.map((name) => ` ${name}`).join('');
}

/** The question for the values that a program's variables end with; the input stands first, before the program. */
export function executionPrompt(question: {
  inputs: readonly Value[];
  program: string;
  /** Names to ask for; {@link RETURN} asks for what the call returns. */
  variables: readonly string[];
}): string {
  const { inputs, program, variables } = question;
  return `${MARKS.run}${formatInputs(inputs)}${MARKS.code}${program}${MARKS.vars}${formatNames(variables)}${MARKS.answer}`;
}

/** The question for the output of a task on an input, without a program: the code prompt, then the call. */
export function outputPrompt(question: {
  description: string;
  signature: string;
  inputs: readonly Value[];
}): string {
  return `${codePrompt(question)}${MARKS.run}${formatInputs(question.inputs)}${MARKS.vars}${formatNames([RETURN])}${MARKS.answer}`;
}

/** The answer to {@link executionPrompt} and {@link outputPrompt}: one line `name=value` for each variable. */
export function formatAnswer(entries: readonly (readonly [string, Value])[]): string {
  return entries.map(([name, value]) => `${name}=${formatValue(value)}`).join('\n');
}

const LINE = /^([A-Za-z_$][\w$]*)=(.+)$/;

/** Reads what {@link formatAnswer} writes, in order; null when a line is malformed. */
export function parseAnswer(text: string): [name: string, value: Value][] | null {
  const entries: [string, Value][] = [];
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    const parsed = match && parseValue(match[2]!);
    if (!parsed) return null;
    entries.push([match[1]!, parsed.value]);
  }
  return entries;
}
