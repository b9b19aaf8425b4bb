import { allowed } from '../family.ts';

/** One stage of a pipeline: an array in, an array out. */
export interface Operation {
  key: string;
  /** The method call, as it stands after the variable. */
  code: string;
  phrases: string[];
  apply(values: number[]): number[];
}

/** A loop over the last array into `s`. */
export interface Aggregate {
  key: string;
  start: number;
  /** The statement of the loop's body. */
  code: string;
  phrases: string[];
  step(s: number, x: number): number;
  /** True when it says nothing about an empty array. */
  needsElements?: boolean;
}

const map = (key: string, body: string, phrases: string[], change: (x: number) => number): Operation => ({
  key,
  code: `.map(x => ${body})`,
  phrases,
  apply: (values) => values.map(change),
});
const filter = (key: string, body: string, phrases: string[], test: (x: number) => boolean): Operation => ({
  key,
  code: `.filter(x => ${body})`,
  phrases,
  apply: (values) => values.filter(test),
});

const from = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i);

const MAPS: Operation[] = [
  ...from(1, 3).map((k) =>
    map(`add${k}`, `x + ${k}`, [`add ${k}`, `plus ${k}`, `increase by ${k}`], (x) => x + k),
  ),
  ...from(1, 3).map((k) =>
    map(`sub${k}`, `x - ${k}`, [`subtract ${k}`, `minus ${k}`, `decrease by ${k}`], (x) => x - k),
  ),
  map('mul2', 'x * 2', ['double', 'multiply by 2', 'times 2'], (x) => x * 2),
  map('square', 'x * x', ['square', 'multiply by itself', 'square each'], (x) => x * x),
  map('negate', '-x', ['negate', 'flip the sign', 'negate each'], (x) => -x),
];

const FILTERS: Operation[] = [
  filter('even', 'x % 2 === 0', ['keep even', 'only even', 'drop odd'], (x) => x % 2 === 0),
  filter('odd', 'x % 2 !== 0', ['keep odd', 'only odd', 'drop even'], (x) => x % 2 !== 0),
  ...from(1, 4).map((k) =>
    filter(`above${k}`, `x > ${k}`, [`keep above ${k}`, `only over ${k}`, `keep over ${k}`], (x) => x > k),
  ),
  ...from(1, 4).map((k) =>
    filter(`below${k}`, `x < ${k}`, [`keep below ${k}`, `only under ${k}`, `keep under ${k}`], (x) => x < k),
  ),
  filter('positive', 'x > 0', ['keep positive', 'only positive', 'keep above 0'], (x) => x > 0),
  filter('negative', 'x < 0', ['keep negative', 'only negative', 'keep below 0'], (x) => x < 0),
];

const REARRANGEMENTS: Operation[] = [
  {
    key: 'reverse',
    code: '.toReversed()',
    phrases: ['reverse', 'flip the order', 'back to front'],
    apply: (values) => [...values].reverse(),
  },
  {
    key: 'up',
    code: '.toSorted((x, y) => x - y)',
    phrases: ['sort up', 'sort ascending', 'smallest first'],
    apply: (values) => [...values].sort((x, y) => x - y),
  },
  {
    key: 'down',
    code: '.toSorted((x, y) => y - x)',
    phrases: ['sort down', 'sort descending', 'largest first'],
    apply: (values) => [...values].sort((x, y) => y - x),
  },
  {
    key: 'skip1',
    code: '.slice(1)',
    phrases: ['drop the first', 'skip the first', 'all but the first'],
    apply: (values) => values.slice(1),
  },
  {
    key: 'skip2',
    code: '.slice(2)',
    phrases: ['drop the first two', 'skip the first two', 'all but the first two'],
    apply: (values) => values.slice(2),
  },
  {
    key: 'take2',
    code: '.slice(0, 2)',
    phrases: ['take the first two', 'keep the first two', 'only the first two'],
    apply: (values) => values.slice(0, 2),
  },
];

/** The 27 operation instances of the pipelines. */
export const OPERATIONS: readonly Operation[] = [...MAPS, ...FILTERS, ...REARRANGEMENTS];

export const AGGREGATES: readonly Aggregate[] = [
  { key: 'sum', start: 0, code: 's += x', phrases: ['sum', 'total', 'add all'], step: (s, x) => s + x },
  { key: 'product', start: 1, code: 's *= x', phrases: ['product', 'multiply all'], step: (s, x) => s * x },
  { key: 'count', start: 0, code: 's += 1', phrases: ['count', 'how many'], step: (s) => s + 1 },
  {
    key: 'max',
    start: -99,
    code: 's = Math.max(s, x)',
    phrases: ['largest', 'maximum'],
    step: (s, x) => Math.max(s, x),
    needsElements: true,
  },
  {
    key: 'min',
    start: 99,
    code: 's = Math.min(s, x)',
    phrases: ['smallest', 'minimum'],
    step: (s, x) => Math.min(s, x),
    needsElements: true,
  },
  {
    key: 'countEven',
    start: 0,
    code: 'if (x % 2 === 0) s += 1',
    phrases: ['count even', 'how many even'],
    step: (s, x) => (x % 2 === 0 ? s + 1 : s),
  },
];

/** Variables of the stages, in order; the argument is `a`. */
export const STAGE_NAMES = ['b', 'c', 'd'];

/** Every variable's final value, or null when a value on the way is not {@link allowed}. */
export function runPipeline(
  stages: readonly Operation[],
  aggregate: Aggregate | null,
  input: readonly number[],
): { arrays: number[][]; s?: number } | null {
  const arrays: number[][] = [];
  let values = [...input];
  for (const stage of stages) {
    values = stage.apply(values);
    if (!values.every(allowed)) return null;
    arrays.push(values);
  }
  if (!aggregate) return { arrays };
  if (aggregate.needsElements && values.length === 0) return null;
  let s = aggregate.start;
  for (const x of values) {
    s = aggregate.step(s, x);
    if (!allowed(s)) return null;
  }
  return { arrays, s };
}

/** The statements of a pipeline, one a line, without the return; `output` is the variable that holds the result. */
export function pipelineLines(
  stages: readonly Operation[],
  aggregate: Aggregate | null,
): { lines: string[]; output: string } {
  const lines: string[] = [];
  let last = 'a';
  stages.forEach((stage, i) => {
    lines.push(`  let ${STAGE_NAMES[i]} = ${last}${stage.code};`);
    last = STAGE_NAMES[i]!;
  });
  if (!aggregate) return { lines, output: last };
  lines.push(`  let s = ${aggregate.start};`, `  for (let x of ${last}) ${aggregate.code};`);
  return { lines, output: 's' };
}
