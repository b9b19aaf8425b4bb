import type { Value } from '../../program/values.ts';
import type { Random } from '../../tensor/random.ts';
import { allowed, type Problem, type TaskFamily } from '../family.ts';

/** Thrown by {@link keep} to leave a host run whose values left the allowed range. */
class OutOfRange extends Error {}
const outOfRange = new OutOfRange('a value left the range of the tasks');

/** Passes an allowed value on. */
function keep(value: number): number {
  if (!allowed(value)) throw outOfRange;
  return value;
}

/** A problem whose host code works on numbers and calls {@link keep} on each value that it makes. */
function scalarProblem(parts: {
  key: string;
  words: string;
  parameters: string[];
  lines: string[];
  drawInput(random: Random): number[];
  run(...input: number[]): number;
  ablations?: ((...input: number[]) => number)[];
}): Problem {
  const guarded = (run: (...input: number[]) => number) => (input: Value[]) => {
    try {
      return run(...(input as number[]));
    } catch (error) {
      if (error === outOfRange) return undefined;
      throw error;
    }
  };
  const signature = `function f(${parts.parameters.join(', ')}) {\n`;
  return {
    composition: `counters:${parts.key}`,
    signature,
    entry: 'f',
    drawInput: parts.drawInput,
    run: guarded(parts.run),
    ablations: (parts.ablations ?? []).map(guarded),
    describe: () => parts.words,
    reference: () => `${signature}${parts.lines.map((line) => `  ${line}\n`).join('')}}`,
  };
}

interface Condition {
  key: string;
  code: string;
  words: string;
  test(x: number): boolean;
}

/** Conditions on the variable `x`. */
function conditionOn(random: Random, x: string, top: number): Condition | null {
  const k = random.between(2, 4);
  const bound = random.between(1, top - 2);
  return random.pick<Condition | null>([
    null,
    { key: 'even', code: `${x} % 2 === 0`, words: 'even', test: (v) => v % 2 === 0 },
    { key: 'odd', code: `${x} % 2 !== 0`, words: 'odd', test: (v) => v % 2 !== 0 },
    { key: `by${k}`, code: `${x} % ${k} === 0`, words: `divisible by ${k}`, test: (v) => v % k === 0 },
    { key: `not${k}`, code: `${x} % ${k} !== 0`, words: `not divisible by ${k}`, test: (v) => v % k !== 0 },
    { key: `over${bound}`, code: `${x} > ${bound}`, words: `over ${bound}`, test: (v) => v > bound },
    {
      key: `under${bound + 2}`,
      code: `${x} < ${bound + 2}`,
      words: `under ${bound + 2}`,
      test: (v) => v < bound + 2,
    },
  ]);
}

interface Update {
  key: string;
  code: string;
  words: string;
  step(s: number, x: number): number;
}

/** Ways to change `s` by the variable `x`. */
function updateBy(random: Random, x: string): Update {
  const k = random.between(1, 3);
  return random.pick<Update>([
    { key: 'add', code: `s += ${x}`, words: `add ${x}`, step: (s, v) => s + v },
    { key: 'sub', code: `s -= ${x}`, words: `subtract ${x}`, step: (s, v) => s - v },
    { key: `count${k}`, code: `s += ${k}`, words: `add ${k}`, step: (s) => s + k },
    { key: 'twice', code: `s += ${x} * 2`, words: `add ${x} times 2`, step: (s, v) => s + v * 2 },
    { key: `plus${k}`, code: `s += ${x} + ${k}`, words: `add ${x} plus ${k}`, step: (s, v) => s + v + k },
    {
      key: 'max',
      code: `s = Math.max(s, ${x})`,
      words: `keep the largest ${x}`,
      step: (s, v) => Math.max(s, v),
    },
  ]);
}

interface Finish {
  key: string;
  code: string;
  words: string;
  apply(s: number): number;
}

/** What is returned for the counter named `s`. */
function finishOf(random: Random, s: string): Finish {
  const k = random.between(1, 5);
  return random.pick<Finish>([
    { key: 'same', code: s, words: `return ${s}`, apply: (v) => v },
    { key: `plus${k}`, code: `${s} + ${k}`, words: `return ${s} plus ${k}`, apply: (v) => v + k },
    { key: `minus${k}`, code: `${s} - ${k}`, words: `return ${s} minus ${k}`, apply: (v) => v - k },
    { key: 'double', code: `${s} * 2`, words: `return ${s} times 2`, apply: (v) => v * 2 },
  ]);
}

/** A loop over a range that changes `s`, perhaps under a condition. */
function rangeLoop(random: Random): Problem {
  const start = random.pick([0, 0, 1, 2, 5]);
  const first = random.between(0, 2);
  const step = random.between(1, 3);
  const condition = conditionOn(random, 'i', 8);
  const update = updateBy(random, 'i');
  const finish = finishOf(random, 's');
  const run = (tested: boolean) => (n: number) => {
    let s = start;
    for (let i = first; i <= n; i += step) {
      if (!tested || !condition || condition.test(i)) s = keep(update.step(s, i));
    }
    return keep(finish.apply(s));
  };
  const increment = step === 1 ? 'i++' : `i += ${step}`;
  return scalarProblem({
    key: `range${first}by${step}|${condition?.key ?? 'all'}|${update.key}|from${start}|${finish.key}`,
    words:
      `start s at ${start}, for i from ${first} to n${step === 1 ? '' : ` by ${step}`}` +
      `${condition ? `, if i is ${condition.words}` : ''}, ${update.words}, then ${finish.words}`,
    parameters: ['n'],
    lines: [
      `let s = ${start};`,
      `for (let i = ${first}; i <= n; ${increment}) ${condition ? `if (${condition.code}) ` : ''}${update.code};`,
      `return ${finish.code};`,
    ],
    drawInput: (source) => [source.between(1, 20)],
    run: run(true),
    ablations: condition ? [run(false)] : [],
  });
}

/** A loop over the digits of `n` in some base, lowest first. */
function digitLoop(random: Random): Problem {
  const base = random.pick([2, 3, 4, 5, 10, 10]);
  const start = random.pick([0, 0, 1, 3]);
  const condition = conditionOn(random, 'd', Math.max(base - 1, 3));
  const update = random.pick<Update>([
    updateBy(random, 'd'),
    { key: 'square', code: 's += d * d', words: 'add d times d', step: (s, d) => s + d * d },
    {
      key: 'append',
      code: `s = s * ${base} + d`,
      words: `make s s times ${base} plus d`,
      step: (s, d) => s * base + d,
    },
  ]);
  const finish = finishOf(random, 's');
  const run = (tested: boolean) => (n: number) => {
    let s = start;
    for (let m = n; m > 0; m = Math.floor(m / base)) {
      const d = m % base;
      if (!tested || !condition || condition.test(d)) s = keep(update.step(s, d));
    }
    return keep(finish.apply(s));
  };
  return scalarProblem({
    key: `digits${base}|${condition?.key ?? 'all'}|${update.key}|from${start}|${finish.key}`,
    words:
      `start s at ${start}, for each digit d of n in base ${base} from the last` +
      `${condition ? `, if d is ${condition.words}` : ''}, ${update.words}, then ${finish.words}`,
    parameters: ['n'],
    lines: [
      'let m = n;',
      `let s = ${start};`,
      'while (m > 0) {',
      `  let d = m % ${base};`,
      `  ${condition ? `if (${condition.code}) ` : ''}${update.code};`,
      `  m = (m - d) / ${base};`,
      '}',
      `return ${finish.code};`,
    ],
    drawInput: (source) => [source.between(3, 99)],
    run: run(true),
    ablations: condition ? [run(false)] : [],
  });
}

/** Steps as in the Collatz problem: divide where possible, else something else, until small or tired. */
function stepLoop(random: Random): Problem {
  const p = random.between(2, 3);
  const q = random.between(1, 4);
  const limit = random.pick([4, 6, 8, 12]);
  const wantsSteps = random.uniform() < 0.5;
  const other = random.pick([
    { key: `minus${q}`, code: `m - ${q}`, words: `subtract ${q}`, apply: (m: number) => m - q },
    { key: `plus${q}`, code: `m + ${q}`, words: `add ${q}`, apply: (m: number) => m + q },
    {
      key: `double${q}`,
      code: `m * 2 - ${q}`,
      words: `double and subtract ${q}`,
      apply: (m: number) => m * 2 - q,
    },
  ]);
  const finish = finishOf(random, wantsSteps ? 'k' : 'm');
  const run = (divides: boolean) => (n: number) => {
    let m = n;
    let k = 0;
    while (m > 1 && k < limit) {
      m = keep(divides && m % p === 0 ? m / p : other.apply(m));
      k += 1;
    }
    return keep(finish.apply(wantsSteps ? k : m));
  };
  return scalarProblem({
    key: `steps${p}|${other.key}|limit${limit}|${wantsSteps ? 'k' : 'm'}|${finish.key}`,
    words:
      `let m be n, while m is over 1, at most ${limit} times counted in k: divide m by ${p} if divisible, ` +
      `else ${other.words}, then ${finish.words}`,
    parameters: ['n'],
    lines: [
      'let m = n;',
      'let k = 0;',
      `while (m > 1 && k < ${limit}) {`,
      `  if (m % ${p} === 0) m = m / ${p};`,
      `  else m = ${other.code};`,
      '  k += 1;',
      '}',
      `return ${finish.code};`,
    ],
    drawInput: (source) => [source.between(2, 60)],
    run: run(true),
    ablations: [run(false)],
  });
}

/** A walk: a fixed number of steps, up or down by where it stands. */
function walk(random: Random): Problem {
  const times = random.between(2, 6);
  const bound = random.between(0, 8);
  const down = random.between(1, 5);
  const up = random.between(1, 4);
  const finish = finishOf(random, 'm');
  const run = (branches: boolean) => (n: number) => {
    let m = n;
    for (let i = 0; i < times; i++) m = keep(branches && m > bound ? m - down : m + up);
    return keep(finish.apply(m));
  };
  return scalarProblem({
    key: `walk${times}|over${bound}|down${down}|up${up}|${finish.key}`,
    words:
      `let m be n, ${times} times: if m is over ${bound} subtract ${down}, else add ${up}, ` +
      `then ${finish.words}`,
    parameters: ['n'],
    lines: [
      'let m = n;',
      `for (let i = 0; i < ${times}; i++) {`,
      `  if (m > ${bound}) m -= ${down};`,
      `  else m += ${up};`,
      '}',
      `return ${finish.code};`,
    ],
    drawInput: (source) => [source.between(-20, 30)],
    run: run(true),
    ablations: [run(false)],
  });
}

/** Euclid's algorithm on two numbers, each shifted a little. */
function divisor(random: Random): Problem {
  const shift = random.between(0, 4);
  const wantsSteps = random.uniform() < 0.5;
  const finish = finishOf(random, wantsSteps ? 'k' : 'n');
  const run = (shifts: number) => (first: number, second: number) => {
    let n = keep(first + shifts);
    let m = second;
    let k = 0;
    while (m !== 0) {
      [n, m] = [m, n % m];
      k += 1;
    }
    return keep(finish.apply(wantsSteps ? k : n));
  };
  return scalarProblem({
    key: `divisor|shift${shift}|${wantsSteps ? 'k' : 'n'}|${finish.key}`,
    words:
      `${shift === 0 ? '' : `add ${shift} to n, `}while m is not 0, replace n and m by m and n mod m` +
      `${wantsSteps ? ', counted in k' : ''}, then ${finish.words}`,
    parameters: ['n', 'm'],
    lines: [
      ...(shift === 0 ? [] : [`n += ${shift};`]),
      ...(wantsSteps ? ['let k = 0;'] : []),
      'while (m !== 0) {',
      '  let r = n % m;',
      '  n = m;',
      '  m = r;',
      ...(wantsSteps ? ['  k += 1;'] : []),
      '}',
      `return ${finish.code};`,
    ],
    drawInput(source) {
      const common = source.between(1, 7);
      return [common * source.between(1, 9), common * source.between(1, 9)];
    },
    run: run(shift),
    ablations: shift === 0 ? [] : [run(0)],
  });
}

/** Each with its weight, roughly by how many compositions it has. */
const TEMPLATES = [rangeLoop, rangeLoop, rangeLoop, digitLoop, digitLoop, walk, walk, stepLoop, divisor];

/** Loops over numbers: sums under a condition, digits, walks, Collatz-like steps, Euclid's algorithm. */
export const counters: TaskFamily = {
  name: 'counters',
  help: 'loops and conditions on whole numbers: conditional sums, digits, walks, divisions',
  compose: (random) => random.pick(TEMPLATES)(random),
};
