import { expect, test } from 'vitest';
import { overlongPenalty, type RewardOptions, tokenRewards } from './rewards.ts';

const options: RewardOptions = {
  'overlong_buffer.enable': true,
  'overlong_buffer.len': 10,
  'overlong_buffer.penalty_factor': 0.5,
  use_kl_in_reward: false,
  kl_penalty: 'k1',
  'kl_ctrl.kl_coef': 0.1,
};

test.each([
  [10, 0],
  [30, 0],
  [35, -0.25],
  [40, -0.5],
])('a completion of %i of 40 tokens loses %d', (length, penalty) => {
  expect(overlongPenalty(length, 40, options)).toBe(penalty);
  expect(overlongPenalty(length, 40, { ...options, 'overlong_buffer.enable': false })).toBe(0);
});

test('the reward stands at the last token', () =>
  expect(tokenRewards(1, [-1, -2, -3], undefined, options)).toEqual([0, 0, 1]));

test('each token pays for its KL: k1 = log p - log q', () => {
  const [first, last] = tokenRewards(1, [-1, -2], [-3, -1], options);
  expect(first).toBeCloseTo(-0.1 * 2, 12);
  expect(last).toBeCloseTo(1 - 0.1 * -1, 12);
});
