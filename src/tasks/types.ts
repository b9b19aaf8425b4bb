import type { Value } from '../program/values.ts';

export const SPLITS = ['sft', 'rl', 'validation', 'heldout'] as const;
export type Split = (typeof SPLITS)[number];

/** One call and what it must return. */
export interface TestCase {
  input: Value[];
  expected: Value;
}

/** A problem to write a program for. */
export interface Task {
  id: string;
  family: string;
  split: Split;
  /** What to write, in plain words. */
  description: string;
  /** First line of the program, given to the policy: `function f(a) {` and a newline. */
  signature: string;
  /** Name of the function that the tests call. */
  entry: string;
  /** A whole program that passes; absent for imported tasks without one. */
  reference?: string;
  visibleTests: TestCase[];
  hiddenTests: TestCase[];
  /** Identity of the underlying composition; splits never share one. */
  composition: string;
}
