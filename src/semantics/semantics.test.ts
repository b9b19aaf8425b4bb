import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../policy/tokenizer.ts';
import type { Rollout } from '../rl/types.ts';
import { createNodeSandbox } from '../sandbox/node.ts';
import type { Trace, Verdict } from '../sandbox/types.ts';
import type { Task } from '../tasks/types.ts';
import { shuffleTruths } from './controls.ts';
import { type AlignmentItem, answerOf, questionOf, type TruthOptions, truthOf } from './item.ts';
import { alignmentReward, judge } from './reward.ts';
import { type SelectionOptions, selectItems } from './selection.ts';
import { type AlignmentOptions, alignmentSource } from './source.ts';

const tokenizer = createTokenizer();
const sandbox = await createNodeSandbox();
const signature = 'function f(a) {\n';
const program = `${signature}  let b = a.map(x => x * 2);\n  let s = 0;\n  for (let x of b) s += x;\n  return s;\n}`;
const item: AlignmentItem = {
  program,
  inputs: [[1, 2]],
  truth: [
    ['b', [2, 4]],
    ['s', 6],
    ['return', 6],
  ],
  taskId: 't',
};

const asking = (change: Partial<TruthOptions> = {}): TruthOptions => ({
  align_max_variables: 4,
  align_value: 'last_definition',
  ...change,
});

describe('truth', () => {
  const trace: Trace = {
    steps: [],
    hits: {},
    lastDefinition: { b: [2, 4], s: 6, x: 4 },
    atEnd: { b: [2, 4, 0], s: 6 },
    truncated: false,
  };
  test('asks for variables of the function, not those of loops, then the output', () => {
    expect(truthOf(program, 'f', trace, 6, asking())).toEqual(item.truth);
  });
  test('asks for a parameter that was given another value', () => {
    const code = 'function g(n) {\n  n += 1;\n  return n;\n}';
    const own = { ...trace, lastDefinition: { n: 5 }, atEnd: { n: 5 } };
    expect(truthOf(code, 'g', own, 5, asking())).toEqual([
      ['n', 5],
      ['return', 5],
    ]);
  });
  test('keeps the last ones when there are too many', () => {
    expect(truthOf(program, 'f', trace, 6, asking({ align_max_variables: 1 })).map(([name]) => name)).toEqual(
      ['s', 'return'],
    );
  });
  test('values at the end of the program', () => {
    expect(truthOf(program, 'f', trace, 6, asking({ align_value: 'end_of_program' }))[0]).toEqual([
      'b',
      [2, 4, 0],
    ]);
  });
  test('the output alone', () => {
    expect(truthOf(program, 'f', trace, 6, asking({ align_target: 'output_only' }))).toEqual([['return', 6]]);
  });
  test('a trajectory: every definition in order, the last ones', () => {
    const steps = [
      { line: 2, name: 'b', value: [2, 4] },
      { line: 3, name: 's', value: 0 },
      { line: 4, name: 'x', value: 2 },
      { line: 4, name: 's', value: 2 },
      { line: 4, name: 's', value: 6 },
    ];
    const target = asking({ align_target: 'trajectory', align_max_definitions: 3 });
    expect(truthOf(program, 'f', { ...trace, steps }, 6, target)).toEqual([
      ['s', 0],
      ['s', 2],
      ['s', 6],
      ['return', 6],
    ]);
  });
  test('question and answer', () => {
    expect(questionOf(item)).toBe(`<|run|>[ 1 2]<|code|>${program}<|vars|> b s return<|answer|>`);
    expect(answerOf(item)).toBe('b=[ 2 4]\ns= 6\nreturn= 6');
  });
});

test('shuffled truths: other values under the same names, alone with its number left out', () => {
  const other: AlignmentItem = {
    ...item,
    taskId: 'u',
    truth: [
      ['c', [1]],
      ['t', 1],
      ['return', 2],
    ],
  };
  const short: AlignmentItem = { ...item, truth: [['return', 3]] };
  expect(shuffleTruths([item, short, other]).map(({ taskId, truth }) => [taskId, ...truth.flat()])).toEqual([
    ['t', 'b', [1], 's', 1, 'return', 2],
    ['u', 'c', [2, 4], 't', 6, 'return', 6],
  ]);
});

describe('reward', () => {
  test('a trajectory is judged place by place', () => {
    const target: AlignmentItem = {
      ...item,
      truth: [
        ['s', 0],
        ['s', 6],
        ['return', 6],
      ],
    };
    expect(alignmentReward(judge(target, 's= 0\ns= 6\nreturn= 6'), 'released')).toBeCloseTo(1, 10);
    expect(alignmentReward(judge(target, 's= 6\ns= 0\nreturn= 6'), 'released')).toBeCloseTo(
      0.1 + 0.9 / 3,
      10,
    );
    expect(alignmentReward(judge(target, 's= 6\nreturn= 6'), 'released')).toBe(0);
  });
  test('the output alone counts where nothing else was asked', () => {
    const output: AlignmentItem = { ...item, truth: [['return', 6]] };
    expect(alignmentReward(judge(output, 'return= 6'), 'paper')).toBe(1);
  });
  const cases: [string, string, number, number][] = [
    ['all right', 'b=[ 2 4]\ns= 6\nreturn= 6', 1, 1],
    ['one variable right', 'b=[ 2 4]\ns= 5\nreturn= 5', 0.5, 0.1 + 0.9 / 3],
    ['only the output right', 'b=[ 2 5]\ns= 7\nreturn= 6', 0, 0.1 + 0.9 / 3],
    ['nothing right, well formed', 'b=[]\ns= 7\nreturn= 7', 0, 0.1],
    ['another order', 's= 6\nb=[ 2 4]\nreturn= 6', 0, 0],
    ['a name missing', 'b=[ 2 4]\nreturn= 6', 0, 0],
    ['not readable', 'b=[ 2 4\ns= 6\nreturn= 6', 0, 0],
    ['empty', '', 0, 0],
  ];
  test.each(cases)('%s', (_, answer, paper, released) => {
    expect(alignmentReward(judge(item, answer), 'paper')).toBeCloseTo(paper, 10);
    expect(alignmentReward(judge(item, answer), 'released')).toBeCloseTo(released, 10);
  });
});

const task: Task = {
  id: 'double-sum',
  family: 'pipelines',
  split: 'rl',
  description: 'double, then sum',
  signature,
  entry: 'f',
  visibleTests: [{ input: [[1, 2]], expected: 6 }],
  hiddenTests: [{ input: [[3]], expected: 6 }],
  composition: 'x',
};

function rollout(text: string, verdict: Verdict, passed = [0, 0], terminated = true): Rollout {
  const reward = verdict === 'pass' ? 1 : 0;
  return {
    prompt: { id: 'p', source: 'code', text: '', tokens: [], item: { task } },
    completion: { tokens: [], logProbs: [], text, terminated },
    grade: { reward, accuracy: reward, parts: {}, verdict, detail: { passed } },
    advantages: [],
  };
}

const options: SelectionOptions = {
  align_rollouts: 'failed',
  align_input: 'failing',
  align_max_variables: 4,
  align_value: 'last_definition',
  align_max_prompt_tokens: 128,
  align_max_new_tokens: 64,
};
const wrong = '  let s = 0;\n  for (let x of a) s += x;\n  return s;\n}';

describe('selection', () => {
  const groups = [
    [
      rollout('right', 'pass', [1, 1]),
      rollout('  return a', 'syntax_error'),
      rollout(wrong, 'wrong_answer'),
      rollout('  let t = a[0] + a[1];\n  return t;\n}', 'wrong_answer', [0, 0]),
      rollout('  let c = NaN;\n  return 7;\n}', 'wrong_answer'),
      rollout('  return 8;\n}', 'wrong_answer'),
      rollout(`  let b = a;\n  let s = 5;\n  return b[0];\n}`, 'wrong_answer', [1, 0]),
      rollout(wrong, 'wrong_answer', [0, 0], false),
    ],
  ];

  test('counts every step of the funnel', async () => {
    const { items, counts } = await selectItems(groups, sandbox, tokenizer, options);
    expect(counts).toEqual({
      candidates: 8,
      passed: 1,
      failed: 0,
      not_runnable: 2,
      no_values: 2,
      duplicate: 1,
      too_long: 0,
      kept: 2,
    });
    expect(items[0]).toEqual({
      program: signature + wrong,
      inputs: [[1, 2]],
      truth: [
        ['s', 3],
        ['return', 3],
      ],
      taskId: task.id,
    });
    expect(items[1].inputs).toEqual([[3]]); // the first test that this program failed
  });

  test('takes programs that passed, or all, when asked', async () => {
    const good = rollout('  let s = 2 * (a[0] + (a[1] ?? 0));\n  return s;\n}', 'pass', [1, 1]);
    const select = async (align_rollouts: SelectionOptions['align_rollouts']) => {
      const { items, counts } = await selectItems([[good, ...groups[0]]], sandbox, tokenizer, {
        ...options,
        align_rollouts,
      });
      return [items.some(({ program: text }) => text.includes('2 * (')), counts.kept, counts.failed];
    };
    expect(await select('failed')).toEqual([false, 2, 0]);
    expect(await select('all')).toEqual([true, 3, 0]);
    expect(await select('passed')).toEqual([true, 1, 5]);
  });

  test('takes the first test when asked, and drops long questions', async () => {
    const first = await selectItems(groups, sandbox, tokenizer, { ...options, align_input: 'first' });
    expect(first.items.every(({ inputs }) => JSON.stringify(inputs) === '[[1,2]]')).toBe(true);
    const short = await selectItems(groups, sandbox, tokenizer, { ...options, align_max_prompt_tokens: 5 });
    expect([short.counts.kept, short.counts.too_long]).toEqual([0, 2]);
  });
});

const sourceOptions: AlignmentOptions = {
  ...options,
  seed: 1,
  align_reward: 'released',
  align_set: 'on_policy',
  align_prebuilt_batches: 2,
  align_truth: 'true',
  align_learning: 'reinforcement',
};

test('the source is empty at first, then asks about the failures of the step before', async () => {
  const source = alignmentSource(tokenizer, sandbox, sourceOptions);
  expect(source.draw(1, 5)).toEqual([]);
  const metrics = await source.observe(1, [[rollout(wrong, 'wrong_answer')]]);
  expect(metrics['alignment/kept']).toBe(1);
  const [prompt] = source.draw(2, 5);
  expect(prompt.text).toContain(wrong);
  const answer = (text: string, terminated: boolean) => ({ tokens: [], logProbs: [], text, terminated });
  const [grades] = await source.grade(
    [prompt],
    [[answer('s= 3\nreturn= 3', true), answer('s= 3\nreturn= 3', false)]],
  );
  expect(grades.map(({ reward }) => reward)).toEqual([1, 0]);
  expect(grades[0].parts).toEqual({ format: 1, variables_right: 1, output_right: 1, all_right: 1 });
  // a step asks about an item once
  expect(source.draw(2, 5)).toEqual([]);
  expect(source.draw(3, 5).map(({ text }) => text)).toEqual([prompt.text]);
});

test('a prebuilt set is collected before the first step and stays', async () => {
  const source = alignmentSource(tokenizer, sandbox, { ...sourceOptions, align_set: 'prebuilt' });
  expect(source.rehearsals).toBe(2);
  const [one, two] = [wrong, '  let t = a[0] - 1;\n  return t;\n}'];
  await source.observe(0, [[rollout(one, 'wrong_answer')]]);
  await source.observe(-1, [[rollout(two, 'wrong_answer')]]);
  await source.observe(1, [[rollout('  let u = 9;\n  return u;\n}', 'wrong_answer')]]);
  const asked = source.draw(2, 9).map(({ text }) => text);
  expect(asked).toHaveLength(2);
  for (const text of [one, two]) expect(asked.some((question) => question.includes(text))).toBe(true);
});

test('as a control it teaches the right answers instead of asking', async () => {
  const source = alignmentSource(tokenizer, sandbox, { ...sourceOptions, align_learning: 'supervised' });
  await source.observe(1, [[rollout(wrong, 'wrong_answer')]]);
  const [{ prompt, completion }] = source.teach!(2, 5);
  expect(tokenizer.decode(prompt)).toContain(wrong);
  expect(tokenizer.decode(completion)).toBe('s= 3\nreturn= 3<|eos|>');
  expect(source.teach!(2, 5)).toEqual([]);
});
