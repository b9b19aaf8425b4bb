import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';
import {
  ConfigError,
  changedOptions,
  checkOption,
  defaultConfig,
  OPTION_NAMES,
  optionFor,
  parseJson,
  parseOptions,
  resolveConfig,
} from './options.ts';
import { ALGORITHM_PRESETS, METHOD_DEFAULTS, QUICK } from './presets.ts';

describe('nearest', () => {
  it('counts edits, a swap of neighbours as one', () => {
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('gpro', 'grpo')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it.each([
    ['stpes', 'steps'],
    ['temperature', 'rollout.temperature'],
    ['lerning_rate', 'learning_rate'],
    ['n', 'rollout.n'],
    ['Seed', 'seed'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, [...OPTION_NAMES, 'learning_rate'])).toBe(meant);
  });
});

describe('the configuration', () => {
  it('has defaults that its own checks accept', () => {
    for (const name of OPTION_NAMES)
      expect(checkOption(name, optionFor(name).default)).toBe(optionFor(name).default);
    const presets = [METHOD_DEFAULTS, QUICK, ALGORITHM_PRESETS].flatMap((some) => Object.values(some));
    for (const preset of presets) {
      expect(parseJson(JSON.stringify(preset))).toEqual(preset);
    }
  });

  it('reads texts of every kind', () => {
    const given = parseOptions([
      ['method', 'grpo'],
      ['lr', '3e-4'],
      ['rollout.n', '4'],
      ['use_kl_loss', 'true'],
      ['families', 'pipelines,loops'],
      ['steps', '1'],
      ['steps', '2'],
    ]);
    expect(given).toEqual({
      method: 'grpo',
      lr: 3e-4,
      'rollout.n': 4,
      use_kl_loss: true,
      families: 'pipelines,loops',
      steps: 2,
    });
  });

  it.each([
    ['stepz', '5', 'unknown key "stepz", did you mean "steps"?'],
    ['toString', '5', 'unknown key "toString"'],
    ['method', 'gpro', 'got "gpro"; the nearest is grpo'],
    ['steps', '0', 'steps: expected an integer from 1 to 1000000000, got 0; the nearest is 1'],
    ['steps', '2.6', 'got 2.6; the nearest is 3'],
    ['steps', 'many', 'got "many"'],
    ['steps', '', 'got ""'],
    ['lr', 'Infinity', 'lr: expected a number from 0 to 1, got "Infinity"'],
    ['use_kl_loss', 'ture', 'use_kl_loss: expected true or false, got "ture"; the nearest is true'],
  ])('refuses %s=%s', (key, text, message) => {
    expect(() => parseOptions([[key, text]])).toThrow(ConfigError);
    expect(() => parseOptions([[key, text]])).toThrow(message);
  });

  it('refuses JSON that is no object or has a wrong type', () => {
    expect(() => parseJson('{')).toThrow('the configuration is not JSON');
    expect(() => parseJson('[1]')).toThrow('must be a JSON object');
    expect(() => parseJson('{"steps": "5"}')).toThrow('steps: expected an integer');
    expect(() => parseJson('{"use_kl_loss": 1}')).toThrow('use_kl_loss: expected true or false, got 1');
  });

  it('takes the presets of an algorithm, under coderl_plus too', () => {
    expect(resolveConfig({ method: 'ppo' })).toMatchObject({ algorithm: 'ppo', adv_estimator: 'gae' });
    const mixed = resolveConfig({ method: 'coderl_plus', algorithm: 'dapo', clip_ratio_high: 0.3 });
    expect(mixed).toMatchObject({
      method: 'coderl_plus',
      'filter_groups.enable': true,
      clip_ratio_high: 0.3,
    });
    expect(resolveConfig({ method: 'gspo', algorithm: 'ppo' }).algorithm).toBe('gspo');
    expect(changedOptions(mixed)).toEqual([
      ['algorithm', 'dapo'],
      ['clip_ratio_high', '0.3'],
    ]);
  });

  it('lets given keys win over the quick preset, and that over the defaults', () => {
    const config = resolveConfig({ method: 'grpo', steps: 3 }, { quick: true });
    expect(config).toEqual({ ...defaultConfig('grpo'), ...QUICK.grpo, steps: 3 });
  });
});
