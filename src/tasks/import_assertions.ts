import { type AnyNode, type Node, Parser, type Program } from 'acorn';
import { bindingNames, targetNames } from '../program/names.ts';
import { descendants } from '../program/visit.ts';
import type { ProgramJob, ProgramResult } from '../sandbox/types.ts';

/**
 * A problem whose tests are JavaScript with assertions, as public benchmarks write them.
 *
 * Its expected values enter the engine with the tests: use it to check and to trace code that people wrote, never
 * to reward a policy, which would learn to change the assertions.
 */
export interface AssertionTask {
  id: string;
  /** What a model is shown: comments and the head of the function. */
  prompt: string;
  /** The function that the tests call. */
  entry: string;
  /** What comes before a completion. */
  head: string;
  /** The rest of a program that passes, where the file has one. */
  solution?: string;
  test: string;
}

/** Fuel for code that people wrote: 125 times what a policy's program gets, about half a second. */
export const HUMAN_FUEL = 50_000_000;

/**
 * What tests of these files expect around them, on one line. `console.assert` and the `assert` module count what
 * did not hold; `require` knows `assert` and the comparison of `lodash` alone.
 */
export const ASSERTIONS = `(() => {
let failed = 0;
const check = (ok) => { if (!ok) failed++; };
const same = (a, b) => {
  if (a === b || (a !== a && b !== b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map || a instanceof Set) return a.size === b.size && same([...a], [...b]);
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
};
const equal = (a, b) => check(same(a, b));
const assert = Object.assign((ok) => check(ok), { ok: check, equal: (a, b) => check(a == b), strictEqual: (a, b) => check(Object.is(a, b)),
  deepEqual: equal, deepStrictEqual: equal, notStrictEqual: (a, b) => check(!Object.is(a, b)), notDeepStrictEqual: (a, b) => check(!same(a, b)) });
const modules = { __proto__: null, assert, 'node:assert': assert, lodash: { isEqual: same } };
const require = (name) => { if (name in modules) return modules[name]; throw new Error('no module ' + name + ': there are assert and lodash.isEqual'); };
const ignore = () => {};
const console = { assert: check, log: ignore, error: ignore, warn: ignore, info: ignore };
Object.assign(globalThis, { console, require, assert, failedAssertions: () => failed });
})();`.replace(/\n\s*/g, ' ');

const RUN_TESTS = 'runAssertions';

/** The job that runs a task's tests on a program; it returns how many assertions failed. */
export function assertionJob(task: AssertionTask, program: string, trace = false): ProgramJob {
  // Starting on the first line, the program keeps its line numbers in traces and errors.
  const code = `${ASSERTIONS}${declareVariables(`${program}\n${task.test}`)}${program}
function ${RUN_TESTS}() {${task.test}\n;return failedAssertions(); }`;
  return {
    code,
    entry: RUN_TESTS,
    traced: task.entry,
    inputs: [[]],
    fuel: HUMAN_FUEL,
    ...(trace && { trace: [0] }),
  };
}

/** The whole program that a task's file gives as its solution. */
export function assertionSolution(task: AssertionTask): string {
  if (task.solution === undefined)
    throw new Error(`assertionSolution(): task ${task.id} has no canonical_solution`);
  return task.head + task.solution;
}

/** Whether every assertion held; grading against `[0]` says the same. */
export function assertionsHold({ calls: [call] }: ProgramResult): boolean {
  return call.status === 'ok' && call.value === 0;
}

/** Parses code that need not be strict; undefined when it does not parse. */
export function parseSloppy(code: string): Program | undefined {
  try {
    return Parser.parse(code, { ecmaVersion: 2023, allowReturnOutsideFunction: true });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Declares names that sloppy code assigns without declaring them: programs run in strict mode. */
export function declareVariables(code: string): string {
  const ast = parseSloppy(code);
  // The sandbox's own gate reports it, with the place.
  if (!ast) return '';
  const declared = new Set<string>();
  const assigned = new Set<string>();
  for (const { node } of descendants(ast)) {
    const named = node as Node & { id?: AnyNode | null; params?: AnyNode[] };
    if (named.id) for (const name of bindingNames(named.id)) declared.add(name);
    for (const name of named.params?.flatMap(bindingNames) ?? []) declared.add(name);
    if (node.type === 'CatchClause' && node.param)
      for (const name of bindingNames(node.param)) declared.add(name);
    if (node.type === 'AssignmentExpression' && node.left.type !== 'MemberExpression')
      for (const name of targetNames(node.left)) assigned.add(name);
    if ((node.type === 'ForOfStatement' || node.type === 'ForInStatement') && node.left.type === 'Identifier')
      assigned.add(node.left.name);
  }
  const names = [...assigned].filter((name) => !declared.has(name));
  return names.length > 0 ? `var ${names.join(',')};` : '';
}
