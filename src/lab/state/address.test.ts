import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { METHODS } from '../../runs/config.ts';
import { decodeAddress, encodeAddress, VERSION } from './address.ts';
import { labConfig, labConfigWith, withBase } from './config.ts';
import { DEFAULT_VIEW, HIDEABLE, TOKEN_COLOURS, type View, X_AXES } from './view.ts';

describe('the address', () => {
  it('says nothing but its version of what is as it comes', () => {
    expect(encodeAddress({ config: labConfig(), view: DEFAULT_VIEW })).toBe(`v=${VERSION}`);
    expect(encodeAddress({ config: labConfigWith({ method: 'sft', steps: 7 }), view: DEFAULT_VIEW })).toBe(
      `v=${VERSION}&method=sft&steps=7`,
    );
  });

  it('brings every configuration and view back', () => {
    const index = fc.option(fc.nat(500), { nil: undefined });
    const views: fc.Arbitrary<View> = fc.record({
      step: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
      group: index,
      sample: index,
      test: index,
      trace: index,
      colour: fc.constantFrom(...TOKEN_COLOURS),
      x: fc.constantFrom(...X_AXES),
      smooth: fc.constantFrom(0, 0.3, 0.95),
      log: fc.boolean(),
      play: fc.boolean(),
      hide: fc.subarray([...HIDEABLE]),
    });
    const configs = fc
      .record({
        method: fc.constantFrom(...METHODS),
        algorithm: fc.constantFrom('grpo' as const, 'dapo' as const, 'ppo' as const),
        steps: fc.integer({ min: 1, max: 9999 }),
        lr: fc.constantFrom(1e-5, 0.1),
        families: fc.constantFrom('pipelines', 'a,b & c'),
      })
      .map((given) => labConfigWith(given));
    fc.assert(
      fc.property(configs, views, (config, view) => {
        const decoded = decodeAddress(`?${encodeAddress({ config, view })}`);
        expect(decoded.problems).toEqual([]);
        expect(decoded.config).toEqual(config);
        expect({ ...DEFAULT_VIEW, ...decoded.view }).toEqual(
          Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)),
        );
      }),
    );
  });

  it('names wrong parts and keeps the right ones', () => {
    const { config, view, problems } = decodeAddress('?v=1&steps=5&sedd=1&lr=x&view.x=miles&view.step=3');
    expect(config).toEqual(labConfigWith({ steps: 5 }));
    expect(view).toEqual({ ...DEFAULT_VIEW, step: 3 });
    expect(problems).toEqual([
      'view.x: expected one of step, tokens, time, got "miles"; the nearest is time',
      'unknown key "sedd", did you mean "seed"? It was left out',
      'lr: expected a number from 0 to 1, got "x"',
    ]);
  });

  // A link names only what differs from the defaults, so a default that changes would change old links.
  it.each(METHODS)('means the same as before: defaults of version 1, %s', (method) => {
    expect(VERSION, 'a new version needs its own snapshot beside those of the older ones').toBe(1);
    const { steps, lr, eval_every, eval_tasks, eval_final_tasks, train_batch_size } = decodeAddress(
      `?v=1&method=${method}`,
    ).config;
    const rl = {
      steps: 80,
      lr: 2e-4,
      eval_every: 10,
      eval_tasks: 200,
      eval_final_tasks: 300,
      train_batch_size: 64,
    };
    const sft = {
      steps: 3000,
      lr: 2e-3,
      eval_every: 25,
      eval_tasks: 100,
      eval_final_tasks: 200,
      train_batch_size: 64,
    };
    expect(
      { steps, lr, eval_every, eval_tasks, eval_final_tasks, train_batch_size },
      'raise VERSION and write the old defaults into OLD_DEFAULTS (address.ts)',
    ).toEqual(method === 'sft' ? sft : rl);
  });
});

describe('another method', () => {
  it('brings its own defaults, and what was changed by hand stays', () => {
    const config = withBase(labConfigWith({ lr: 0.5 }), { method: 'sft' });
    expect(config).toEqual(labConfigWith({ method: 'sft', lr: 0.5 }));
    expect(withBase(labConfig(), { method: 'coderl_plus', algorithm: 'ppo' }).adv_estimator).toBe('gae');
  });
});
