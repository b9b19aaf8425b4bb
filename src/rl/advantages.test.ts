import { describe, expect, test } from 'vitest';
import {
  type AdvantageOptions,
  type AdvEstimator,
  bestOfGroup,
  generalisedAdvantages,
  groupAdvantages,
  isConstant,
  leaveOneOut,
  type OutcomeGroup,
  returnsToGo,
  tokenAdvantages,
} from './advantages.ts';

const options = (adv_estimator: AdvEstimator, change: Partial<AdvantageOptions> = {}): AdvantageOptions => ({
  adv_estimator,
  norm_adv_by_std_in_grpo: true,
  gamma: 1,
  lam: 1,
  whiten_scope: 'batch',
  ...change,
});

/** A group of two-token completions with the reward at the end. */
const group = (rewards: number[], rest: Partial<OutcomeGroup> = {}): OutcomeGroup => ({
  source: 'code',
  outcomes: rewards.map((reward) => ({ rewards: [0, reward] })),
  ...rest,
});

describe('grpo', () => {
  test('one right of four: mean 1/4, unbiased deviation 1/2', () => {
    const [right, wrong] = groupAdvantages([1, 0, 0, 0], true);
    expect(right).toBeCloseTo(1.5, 5);
    expect(wrong).toBeCloseTo(-0.5, 5);
  });
  test('without the deviation (Dr. GRPO)', () =>
    expect(groupAdvantages([1, 0, 0, 0], false)).toEqual([0.75, -0.25, -0.25, -0.25]));
  test('equal rewards teach nothing', () => {
    expect(groupAdvantages(new Array(8).fill(0.1), true)).toEqual(new Array(8).fill(0));
    expect(isConstant([0.1, 0.1])).toBe(true);
    expect(isConstant([0, 1])).toBe(false);
  });
  test('a group of one is measured against mean 0 and deviation 1', () =>
    expect(groupAdvantages([0.4], true)).toEqual([0.4]));
  test('every token has the advantage of its completion; KL penalties count into the score', () => {
    const [[first, second]] = tokenAdvantages(
      [{ source: 'code', outcomes: [{ rewards: [-0.25, 1] }, { rewards: [0, 0, 0.25] }] }],
      options('grpo', { norm_adv_by_std_in_grpo: false }),
    );
    expect(first).toEqual([0.25, 0.25]);
    expect(second).toEqual([-0.25, -0.25, -0.25]);
  });
});

describe('rloo', () => {
  test('reward minus the mean of the others', () =>
    expect(leaveOneOut([1, 0, 0.5])).toEqual([1 - 0.25, 0 - 0.75, 0.5 - 0.5]));
  test('equals n / (n - 1) times the centred reward', () => {
    const rewards = [1, 0.1, 0.4, 0];
    const centred = groupAdvantages(rewards, false);
    for (const [i, value] of leaveOneOut(rewards).entries()) {
      expect(value).toBeCloseTo((4 / 3) * centred[i], 12);
    }
  });
  test('equal rewards teach nothing; one alone keeps its reward', () => {
    expect(leaveOneOut([0.1, 0.1, 0.1])).toEqual([0, 0, 0]);
    expect(leaveOneOut([0.7])).toEqual([0.7]);
  });
});

describe('grpo_passk', () => {
  test('only the best learns, by its lead over the second', () => {
    expect(bestOfGroup([0.2, 1, 0.5], false)).toEqual([0, 0.5, 0]);
    const [, best] = bestOfGroup([0, 1, 0, 0], true);
    expect(best).toBeCloseTo(1 / 0.5, 5);
  });
  test('two equal bests teach nothing', () => expect(bestOfGroup([1, 1, 0], true)).toEqual([0, 0, 0]));
  test('a group of one is refused', () => expect(() => bestOfGroup([1], true)).toThrow(/rollout\.n/));
});

describe('reinforce_plus_plus', () => {
  test('returns to go', () => {
    expect(returnsToGo([-0.1, 0, 1], 1)).toEqual([0.9, 1, 1]);
    expect(returnsToGo([0, 0, 1], 0.5)).toEqual([0.25, 0.5, 1]);
  });
  test('whitened over all tokens of the batch', () => {
    const [[right], [wrong]] = tokenAdvantages([group([1]), group([0])], options('reinforce_plus_plus'));
    // returns 1 1 0 0: mean 1/2, unbiased variance 1/3
    for (const value of right) expect(value).toBeCloseTo(0.5 * Math.sqrt(3), 6);
    for (const value of wrong) expect(value).toBeCloseTo(-0.5 * Math.sqrt(3), 6);
  });
  test('or over those of one source, so that kinds of rewards are not measured against each other', () => {
    const groups = [group([1, 0]), group([0.2, 0.1], { source: 'alignment' })];
    const [code, alignment] = tokenAdvantages(
      groups,
      options('reinforce_plus_plus', { whiten_scope: 'task' }),
    );
    expect(alignment[0][0]).toBeCloseTo(code[0][0], 5);
    const [, mixed] = tokenAdvantages(groups, options('reinforce_plus_plus'));
    expect(mixed[0][0]).toBeLessThan(0);
  });
  test('a batch of equal rewards teaches nothing', () =>
    expect(tokenAdvantages([group([0.1, 0.1])], options('reinforce_plus_plus')).flat(2)).toEqual([
      0, 0, 0, 0,
    ]));
});

test('reinforce_plus_plus_baseline: centred in the group, whitened over the batch', () => {
  const [[a, b]] = tokenAdvantages([group([1, 0])], options('reinforce_plus_plus_baseline'));
  // centred .5 .5 -.5 -.5: mean 0, unbiased variance 1/3
  expect(a[0]).toBeCloseTo(0.5 * Math.sqrt(3), 6);
  expect(b[1]).toBeCloseTo(-0.5 * Math.sqrt(3), 6);
});

describe('remax', () => {
  test('return to go minus the reward of the greedy completion', () => {
    const [[first, second]] = tokenAdvantages([group([1, 0.25], { greedyReward: 0.5 })], options('remax'));
    expect(first).toEqual([0.5, 0.5]);
    expect(second).toEqual([-0.25, -0.25]);
  });
  test('needs it', () => expect(() => tokenAdvantages([group([1])], options('remax'))).toThrow(/greedy/));
});

describe('gae', () => {
  test('lambda 1 is return minus value', () =>
    expect(generalisedAdvantages([0, 0, 1], [0.5, 0.25, 0.75], 1, 1)).toEqual([0.5, 0.75, 0.25]));
  test('lambda 0 is the one-step error', () =>
    expect(generalisedAdvantages([0, 0, 1], [0.5, 0.25, 0.75], 1, 0)).toEqual([-0.25, 0.5, 0.25]));
  test('in between, by hand', () => {
    // deltas -.25 .5 .25; A2 = .25, A1 = .5 + .5 * .25, A0 = -.25 + .5 * .625
    expect(generalisedAdvantages([0, 0, 1], [0.5, 0.25, 0.75], 1, 0.5)).toEqual([0.0625, 0.625, 0.25]);
  });
  test('whitened over the batch; needs values', () => {
    const outcomes = [
      { rewards: [0, 1], values: [0, 0] },
      { rewards: [0, 0], values: [0, 0] },
    ];
    const [[right, wrong]] = tokenAdvantages([{ source: 'code', outcomes }], options('gae'));
    expect(right[0]).toBeCloseTo(0.5 * Math.sqrt(3), 6);
    expect(wrong[0]).toBeCloseTo(-0.5 * Math.sqrt(3), 6);
    expect(() => tokenAdvantages([group([1])], options('gae'))).toThrow(/values/);
  });
});
