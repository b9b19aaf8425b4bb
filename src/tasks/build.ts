import type { Value } from '../program/values.ts';
import type { Random } from '../tensor/random.ts';
import type { Problem } from './family.ts';
import { hashText } from './split.ts';
import type { Split, Task, TestCase } from './types.ts';

export const HIDDEN_TESTS = 8;
/** More distinct outputs, or none too frequent: else a constant program would pass too many tests. */
const MIN_DISTINCT_OUTPUTS = 3;
const MAX_EQUAL_OUTPUTS = 4;
/** Inputs drawn before a composition is given up; well above what an ordinary one needs. */
const MAX_INPUTS = 80;

const hex = (text: string) => hashText(text).toString(16).padStart(8, '0');

/** Draws `count` distinct tests, or null when the composition leaves the range on too many inputs. */
function drawTests(problem: Problem, random: Random, count: number): TestCase[] | null {
  const tests: TestCase[] = [];
  const seen = new Set<string>(problem.example ? [problem.example.join(';')] : []);
  for (let tries = 0; tries < MAX_INPUTS && tests.length < count; tries++) {
    const input = problem.drawInput(random);
    const expected = problem.run(input);
    if (expected === undefined) continue;
    const key = input.join(';');
    if (seen.has(key)) continue;
    seen.add(key);
    tests.push({ input, expected });
  }
  return tests.length === count ? tests : null;
}

/** The problem's own example as a test, if it has one; null when it leaves the range. */
function exampleOf({ example, run }: Problem): TestCase[] | null {
  if (!example) return [];
  const expected = run(example);
  return expected === undefined ? null : [{ input: example, expected }];
}

/** True when leaving a part out shows: the value without it is known and differs. */
const differs = (without: Value | undefined, expected: Value) =>
  without !== undefined && JSON.stringify(without) !== JSON.stringify(expected);

/** True when the outputs vary enough that a constant cannot do well. */
function varied(tests: TestCase[]): boolean {
  const counts = new Map<string, number>();
  for (const { expected } of tests) {
    const key = JSON.stringify(expected);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts.size >= MIN_DISTINCT_OUTPUTS && Math.max(...counts.values()) <= MAX_EQUAL_OUTPUTS;
}

/**
 * A task for a problem: tests, words, reference. Null when the drawn tests would not tell the program from
 * a simpler one (a redundant part, nearly constant outputs).
 */
export function buildTask(problem: Problem, family: string, split: Split, random: Random): Task | null {
  const visibleCount = random.between(2, 3);
  const given = exampleOf(problem);
  if (!given) return null;
  const tests = drawTests(problem, random, HIDDEN_TESTS + visibleCount - given.length);
  if (!tests) return null;
  const hiddenTests = tests.slice(0, HIDDEN_TESTS);
  const visibleTests = [...given, ...tests.slice(HIDDEN_TESTS)];
  if (!varied(hiddenTests)) return null;
  for (const ablation of problem.ablations) {
    if (!hiddenTests.some(({ input, expected }) => differs(ablation(input), expected))) return null;
  }
  const example = visibleTests[0]!;
  if (problem.acceptsExample && !problem.acceptsExample(example)) return null;
  const description = problem.describe(random, example);
  return {
    id: `${family}-${hex(problem.composition)}-${hex(description + JSON.stringify(tests))}`,
    family,
    split,
    description,
    signature: problem.signature,
    entry: problem.entry,
    reference: problem.reference(example),
    visibleTests,
    hiddenTests,
    composition: problem.composition,
  };
}
