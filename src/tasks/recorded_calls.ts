import { hasOpaque } from '../program/values.ts';
import type { ProgramJob, Sandbox } from '../sandbox/types.ts';
import { isPlainValue } from './import.ts';
import {
  ASSERTIONS,
  type AssertionTask,
  assertionSolution,
  declareVariables,
  HUMAN_FUEL,
} from './import_assertions.ts';
import type { TestCase } from './types.ts';

/** More calls than these are not taken from one task. */
const MAX_CALLS = 64;

/** Stands where a task has no solution: `recorded` holds what its tests compare each call with. */
const COMPARISONS = `(() => {
class Call { constructor(args) { this.args = args; } }
const note = (a, b) => { if (a instanceof Call) recorded.push([a.args, b]); else if (b instanceof Call) recorded.push([b.args, a]); return true; };
const assert = Object.assign(() => {}, { ok() {}, equal: note, strictEqual: note, deepEqual: note, deepStrictEqual: note });
const modules = { __proto__: null, assert, 'node:assert': assert, lodash: { isEqual: note } };
const ignore = () => {};
Object.assign(globalThis, { Call, assert, require: (name) => modules[name], console: { assert: ignore, log: ignore, error: ignore } });
})();`.replace(/\n\s*/g, ' ');

/**
 * The calls that a task's tests make, each with what it must return: what the solution returns, or without one what
 * the tests compare the call with. Only calls whose arguments and result are plain values are kept, each once.
 *
 * @throws Error that says why there are none
 */
export async function recordedCalls(sandbox: Sandbox, task: AssertionTask): Promise<TestCase[]> {
  const code = recordingCode(task);
  const job = (inputs: number[][]): ProgramJob => ({ code, entry: 'recordCalls', inputs, fuel: HUMAN_FUEL });
  const [{ calls: counted }] = await sandbox.run([job([[-1]])]);
  if (counted[0].status !== 'ok') throw new Error(counted[0].error);
  const count = Math.min(Number(counted[0].value), MAX_CALLS);
  const [{ calls }] = await sandbox.run([job(Array.from({ length: count }, (_, i) => [i]))]);
  const cases = new Map<string, TestCase>();
  for (const { value } of calls) {
    if (!Array.isArray(value) || hasOpaque(value) || !value.every(isPlainValue)) continue;
    const [input, expected] = value;
    if (Array.isArray(input)) cases.set(JSON.stringify(input), { input, expected });
  }
  if (cases.size === 0) throw new Error('no test calls it with plain values and compares a plain value');
  return [...cases.values()];
}

/** A program whose `recordCalls(i)` runs the tests and returns their call `i`, or how many there were. */
function recordingCode(task: AssertionTask): string {
  const { entry, test } = task;
  const solved = task.solution === undefined ? undefined : assertionSolution(task);
  const program = solved ?? `${COMPARISONS} function ${entry}(...args) { return new Call(args); }`;
  // A parameter of its name stands before the function while the tests run.
  const watched = `(...args) => {
    const input = copy(args);
    const value = original(...args);
    ${solved ? 'recorded.push([input, copy(value)]);' : ''}
    return value;
  }`;
  return `const recorded = [];${solved ? ASSERTIONS : ''}${declareVariables(`${program}\n${test}`)}${program}
function recordCalls(index) {
  const copy = (value) => (Array.isArray(value) ? value.map(copy) : value);
  const original = ${entry};
  (function (${entry}) {
${test}
  })(${watched});
  return index < 0 ? recorded.length : recorded[index];
}`;
}
