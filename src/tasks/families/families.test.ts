import { describe, expect, it } from 'vitest';
import type { Value } from '../../program/values.ts';
import { commentTruth } from '../comments.ts';
import { allowed } from '../family.ts';
import { generateTasks } from '../generate.ts';
import { FAMILIES } from '../registry.ts';
import { compositionSplit } from '../split.ts';
import { SPLITS, type Task } from '../types.ts';
import { AGGREGATES, OPERATIONS, runPipeline } from './operations.ts';

/** Loads a reference of this repository's own making; programs of a policy go to the sandbox instead. */
const load = (task: Task) => new Function(`${task.reference}\nreturn ${task.entry};`)();

const numbers = (value: Value): number[] =>
  Array.isArray(value) ? value.flatMap(numbers) : [value as number];

describe.each(FAMILIES.map((family) => family.name))('%s', (name) => {
  const tasks = SPLITS.flatMap((split) => generateTasks({ families: [name], split, count: 700, seed: 11 }));

  it('has references that give the expected outputs', () => {
    for (const task of tasks) {
      const run = load(task);
      for (const { input, expected } of [...task.hiddenTests, ...task.visibleTests]) {
        const value = run(...structuredClone(input));
        expect(
          Object.is(value, expected) || JSON.stringify(value) === JSON.stringify(expected),
          task.id,
        ).toBe(true);
      }
    }
  });

  it('keeps to integers of -99..99, eight hidden tests and distinct inputs', () => {
    for (const { hiddenTests, visibleTests, reference, signature } of tasks) {
      const tests = [...hiddenTests, ...visibleTests];
      expect(
        tests.flatMap(({ input, expected }) => [...numbers(input), ...numbers(expected)]).every(allowed),
      ).toBe(true);
      expect(hiddenTests).toHaveLength(8);
      expect(visibleTests.length).toBeGreaterThanOrEqual(2);
      expect(new Set(tests.map(({ input }) => JSON.stringify(input))).size).toBe(tests.length);
      expect(reference!.startsWith(signature)).toBe(true);
      expect(reference!.endsWith('\n}')).toBe(true);
    }
  });

  it('has no tests that a constant passes', () => {
    for (const { hiddenTests } of tasks) {
      const outputs = hiddenTests.map(({ expected }) => JSON.stringify(expected));
      const most = Math.max(...outputs.map((output) => outputs.filter((other) => other === output).length));
      expect(most).toBeLessThanOrEqual(4);
      expect(new Set(outputs).size).toBeGreaterThanOrEqual(3);
    }
  });

  it('gives each composition to one split, and each task its own id', () => {
    for (const task of tasks) expect(compositionSplit(task.composition)).toBe(task.split);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length);
  });
});

describe('pipelines', () => {
  it('has the 27 operations and 6 aggregates, each with other words', () => {
    expect(OPERATIONS).toHaveLength(27);
    expect(AGGREGATES).toHaveLength(6);
    const phrases = [...OPERATIONS, ...AGGREGATES].flatMap((part) => part.phrases);
    expect(new Set(phrases).size).toBe(phrases.length);
    for (const part of [...OPERATIONS, ...AGGREGATES]) expect(part.phrases.length).toBeGreaterThanOrEqual(2);
  });

  it('lays programs out as people do', () => {
    const tasks = generateTasks({ families: ['pipelines'], split: 'sft', count: 3000, seed: 0 });
    const task = tasks.find(({ composition }) => /^pipelines:add2\|positive\|sum$/.test(composition));
    const shape =
      /^function f\(a\) \{\n {2}let b = a\.[^\n]+;\n( {2}let c = b\.[^\n]+;\n( {2}let d = c\.[^\n]+;\n)?)?( {2}let s = -?\d+;\n {2}for \(let x of [bcd]\) [^\n]+;\n)? {2}return [bcds];\n\}$/;
    for (const { reference } of tasks) expect(reference).toMatch(shape);
    if (task) expect(task.reference).toContain('  for (let x of c) s += x;\n  return s;\n}');
  });

  it('trains on one to three stages and measures two or three', () => {
    const stages = (task: Task) => task.reference!.match(/let [bcd] =/g)!.length;
    const counts = (split: 'sft' | 'rl' | 'heldout') =>
      new Set(generateTasks({ families: ['pipelines'], split, count: 200, seed: 5 }).map(stages));
    expect(counts('sft')).toEqual(new Set([1, 2, 3]));
    expect(counts('rl')).toEqual(new Set([2, 3]));
    expect(counts('heldout')).toEqual(new Set([2, 3]));
  });

  it('runs operations as JavaScript does', () => {
    for (const operation of OPERATIONS) {
      const run = new Function('a', `return a${operation.code};`);
      for (const input of [[], [3], [5, -2, 0, 4, -1, 9], [0, -5, 7, 7]]) {
        expect(operation.apply(input), operation.key).toEqual(run([...input]));
      }
    }
  });

  it('leaves inputs whose values would grow too large', () => {
    const square = OPERATIONS.find(({ key }) => key === 'square')!;
    expect(runPipeline([square], null, [9])?.arrays).toEqual([[81]]);
    expect(runPipeline([square, square], null, [9])).toBeNull();
  });
});

describe('counters', () => {
  it('has at least 1,500 compositions', () => {
    const tasks = SPLITS.flatMap((split) =>
      generateTasks({ families: ['counters'], split, count: split === 'heldout' ? 300 : 1000, seed: 2 }),
    );
    expect(new Set(tasks.map(({ composition }) => composition)).size).toBeGreaterThanOrEqual(1500);
  });
});

describe('calibrated', () => {
  it('gives 0 for its example, by a number that is not 0', () => {
    for (const task of generateTasks({ families: ['calibrated'], split: 'heldout', count: 300, seed: 4 })) {
      expect(task.visibleTests[0]!.expected).toBe(0);
      expect(task.reference).toMatch(/return s [+-] [1-9]\d?;/);
    }
  });
});

describe.each(['narrated', 'calibrated'])('%s', (name) => {
  it('states true values for its example', () => {
    for (const task of generateTasks({ families: [name], split: 'rl', count: 300, seed: 4 })) {
      const names = ['b', 'c', 'd', 's'].filter((name) => task.reference!.includes(`let ${name} =`));
      // The values at the return, by running the body on the example.
      const body = task.reference!.replace(/ {2}return .*;\n\}$/, `  return { ${names.join(', ')} };\n}`);
      const values = new Function(`${body}\nreturn f;`)()(...structuredClone(task.visibleTests[0]!.input));
      const truth = commentTruth(task.reference!, values);
      expect(truth).toEqual({ stated: names.length, right: names.length, share: 1, truthful: true });
    }
  });
});
