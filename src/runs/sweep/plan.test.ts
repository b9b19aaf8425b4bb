import { describe, expect, test } from 'vitest';
import { defaultConfig } from '../options.ts';
import { cellName, parsePlan, planConfigs } from './plan.ts';

const configs = (plan: object) => planConfigs(parsePlan(JSON.stringify(plan)));

describe('a plan', () => {
  test('is every combination, whole comparisons first', () => {
    const cells = configs({
      methods: ['grpo', 'coderl_plus'],
      seeds: 2,
      settings: { lr: [1e-4, 1e-3], steps: 7 },
    });
    expect(cells.map(({ method, seed, lr, steps }) => [lr, seed, method, steps])).toEqual([
      [1e-4, 0, 'grpo', 7],
      [1e-4, 0, 'coderl_plus', 7],
      [1e-4, 1, 'grpo', 7],
      [1e-4, 1, 'coderl_plus', 7],
      [1e-3, 0, 'grpo', 7],
      [1e-3, 0, 'coderl_plus', 7],
      [1e-3, 1, 'grpo', 7],
      [1e-3, 1, 'coderl_plus', 7],
    ]);
  });

  test('has the defaults of each method, quick ones where asked for', () => {
    expect(configs({ methods: ['sft'] })).toEqual([defaultConfig('sft')]);
    const [sft, rl] = configs({ methods: ['sft', 'grpo'], quick: true });
    expect([sft!.steps, rl!.steps]).toEqual([60, 20]);
    expect(configs({ quick: true, settings: { steps: 3 } })[0]!.steps).toBe(3);
  });

  test('may list cells of its own, alone or beside', () => {
    expect(configs({ cells: [{ method: 'sft', seed: 9 }] }).map(({ seed }) => seed)).toEqual([9]);
    expect(configs({ seeds: [4, 5], cells: [{ method: 'sft', seed: 9 }] }).map(({ seed }) => seed)).toEqual([
      4, 5, 9,
    ]);
    expect(configs({})).toHaveLength(1);
  });

  const wrong: [plan: string, message: string][] = [
    ['{', 'the plan is not JSON'],
    ['[]', 'must be a JSON object'],
    ['{"seed": 3}', 'unknown key "seed" of the plan, did you mean "seeds"?'],
    ['{"methods": "grpo"}', 'methods: expected a list of sft, grpo'],
    ['{"methods": ["coderl"]}', 'method: expected one of sft, grpo'],
    ['{"seeds": []}', 'seeds: expected their number, or a list, got []'],
    ['{"seeds": [-1]}', 'seed: expected an integer'],
    ['{"settings": {"temperature": 1}}', 'did you mean "rollout.temperature"?'],
    ['{"settings": {"lr": ["x"]}}', 'lr: expected a number'],
    ['{"settings": {"lr": []}}', 'settings.lr: expected one value at least'],
    ['{"settings": {"seed": [1, 2]}}', 'settings: seed goes into seeds'],
    ['{"cells": [{"stepz": 1}]}', 'unknown key "stepz"'],
    ['{"quick": "yes"}', 'quick: expected true or false, got "yes"'],
    ['{"policy": 1}', 'policy: expected a path'],
    ['{"seeds": [1, 1]}', 'the cells 0 and 1 of the plan are the same'],
    [
      '{"seeds": 200, "settings": {"steps": [1,2,3,4,5,6,7,8,9,10], "lr": [0,0.1,0.2,0.3,0.4,0.5]}}',
      '12000 cells',
    ],
  ];
  test.each(wrong)('%s is refused', (plan, message) => {
    expect(() => planConfigs(parsePlan(plan))).toThrow(message);
  });
});

describe('the name of a cell', () => {
  const config = { ...defaultConfig('grpo'), seed: 2 };

  test('follows from everything that its result follows from, in any order', async () => {
    const name = await cellName({ config, build: 'b1' });
    expect(name).toMatch(/^grpo-seed2-[0-9a-f]{12}$/);
    const reordered = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
    expect(await cellName({ build: 'b1', config: reordered })).toBe(name);
    const others = [
      { config: { ...config, lr: 1e-3 }, build: 'b1' },
      { config, build: 'b2' },
      { config, build: 'b1', policy: 'p' },
      { config, build: 'b1', tasks: 'p' },
    ];
    const names = await Promise.all(others.map(cellName));
    expect(new Set([name, ...names]).size).toBe(5);
  });
});
