import { describe, expect, it } from 'vitest';
import { groupAdvantages } from '../../rl/advantages.ts';
import { arithmeticOf, workedOut } from './arithmetic.ts';
import { describeToken, tintOf, tokensOf } from './tokens.ts';

const RULE = { adv_estimator: 'grpo', norm_adv_by_std_in_grpo: true } as const;

describe('the arithmetic of a group', () => {
  it.each([true, false])('gives the very advantages of the training step (divided: %s)', (divided) => {
    const rewards = [1, 0, 0, 0.5];
    const rule = { ...RULE, norm_adv_by_std_in_grpo: divided };
    const { mean, std } = arithmeticOf(
      rewards.map((reward) => ({ reward })),
      rule,
    );
    groupAdvantages(rewards, divided).forEach((advantage, i) => {
      expect((rewards[i] - mean) / (divided ? std : 1)).toBeCloseTo(advantage, 4);
    });
  });

  it('is worked out in numbers, and not where more than the group went in', () => {
    const arithmetic = arithmeticOf([{ reward: 1 }, { reward: 0 }], RULE);
    expect(workedOut({ reward: 1, advantage: 0.70709 }, arithmetic, RULE)).toBe('(1 − 0.5) / 0.707 = +0.71');
    expect(
      workedOut({ reward: 1, advantage: 1 }, arithmetic, { ...RULE, adv_estimator: 'gae' }),
    ).toBeUndefined();
    expect(arithmeticOf([{ reward: 0 }, { reward: 0 }], RULE).text).toMatch(/^All 2 earned 0: /);
  });
});

describe('tokens', () => {
  const detail = {
    group: 0,
    promptTokens: [],
    tokens: [[1, 0]],
    logProbs: [[Math.log(0.5), -3]],
    advantages: [[1, -2]],
  };
  const [first, second] = tokensOf(detail, 0, ['<|eos|>', ' a'], [[Math.log(0.75), -3.25]])!;

  it('are told with what the update did to them', () => {
    expect(describeToken(first)).toBe(
      '" a": probability 50%, log-probability -0.69 nats; advantage +1.00; after the update 75% (+0.405 nats)',
    );
    expect(second.change).toBeCloseTo(-0.25);
  });

  it('are tinted by what is asked for', () => {
    expect(tintOf(first, 'none')).toBeUndefined();
    expect(tintOf(first, 'advantage')).toEqual({ pole: 'up', strength: 0.5 });
    expect(tintOf(second, 'advantage')).toEqual({ pole: 'down', strength: 1 });
    expect(tintOf(second, 'log_prob')).toEqual({ pole: 'rare', strength: 1 });
    expect(tintOf(second, 'change')).toEqual({ pole: 'down', strength: expect.closeTo(0.5) });
    expect(tintOf({ ...first, change: undefined }, 'change')).toBeUndefined();
  });

  it('are not made up where they were not kept', () => {
    expect(tokensOf(undefined, 0, ['a'], undefined)).toBeUndefined();
    expect(tokensOf(detail, 0, [], undefined)).toBeUndefined();
  });
});
