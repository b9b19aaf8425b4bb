import type { Value } from '../program/values.ts';
import { formatValue, parseValue } from './format.ts';

/** One statement of a comment: a variable, and the value it is said to hold (null: unreadable). */
export interface Stated {
  name: string;
  /** The value in the notation of `formatValue`. */
  text: string;
  value: { value: Value } | null;
}

/** What a program's comments say, and how much of it is so. */
export interface CommentTruth {
  stated: number;
  right: number;
  /** `right / stated`; 0 when nothing is stated, because silence is not truth. */
  share: number;
  /** True when something is stated and all of it is so. */
  truthful: boolean;
}

const STATEMENT = /(?:^|\s)([A-Za-z_$][\w$]*) ?=(?!=)/g;

/** The statements `name=value` in the line comments of a program, in order. */
export function commentStatements(program: string): Stated[] {
  const statements: Stated[] = [];
  for (const line of program.split('\n')) {
    // Only whole-line comments: `//` elsewhere on a line may be inside a string.
    const comment = /^\s*\/\/(.*)$/.exec(line)?.[1];
    if (comment === undefined) continue;
    const marks = [...comment.matchAll(STATEMENT)];
    marks.forEach((mark, i) => {
      const text = comment.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? comment.length);
      statements.push({ name: mark[1]!, text, value: parseValue(text) });
    });
  }
  return statements;
}

/**
 * How true a program's comments are, against the values that a run on the example gave its variables
 * (`lastDefinition` of the trace).
 */
export function commentTruth(program: string, lastDefinition: Readonly<Record<string, Value>>): CommentTruth {
  const statements = commentStatements(program);
  let right = 0;
  for (const { name, value } of statements) {
    if (!value || !Object.hasOwn(lastDefinition, name)) continue;
    if (formatValue(value.value) === formatValue(lastDefinition[name])) right += 1;
  }
  const stated = statements.length;
  return {
    stated,
    right,
    share: stated === 0 ? 0 : right / stated,
    truthful: stated > 0 && right === stated,
  };
}
