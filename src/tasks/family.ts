import type { Value } from '../program/values.ts';
import type { Random } from '../tensor/random.ts';
import type { Split, TestCase } from './types.ts';

/** Values of tasks stay in -LIMIT..LIMIT, where each integer is one token. */
export const LIMIT = 99;

/** A composition of a family before its tests are drawn. */
export interface Problem {
  /** Identity of the composition, without phrasing and inputs. */
  composition: string;
  signature: string;
  entry: string;
  /** One argument list. */
  drawInput(random: Random): Value[];
  /** What the program returns, by host code; `undefined` when a value on the way leaves the allowed range. */
  run(input: Value[]): Value | undefined;
  /** The problem with one part left out, each; a task is kept only when each part changes a tested output. */
  ablations: ((input: Value[]) => Value | undefined)[];
  /** The input of the first visible test, where the problem itself has one; drawn like the others when absent. */
  example?: Value[];
  /** Whether this visible test may serve as the example of the description; any may when absent. */
  acceptsExample?(example: TestCase): boolean;
  /** Words for the problem; `example` is the first visible test. */
  describe(random: Random, example: TestCase): string;
  /** A whole program that solves it; `example` is the first visible test. */
  reference(example: TestCase): string;
}

/** A kind of tasks. */
export interface TaskFamily {
  readonly name: string;
  /** One line for people. */
  readonly help: string;
  /** Draws a composition as `split` wants it; the caller checks that it belongs to that split. */
  compose(random: Random, split: Split): Problem;
}

/** True for an integer that a task may contain. Negative zero is kept out: it prints as 0 and is not 0. */
export function allowed(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= LIMIT && !Object.is(value, -0);
}
