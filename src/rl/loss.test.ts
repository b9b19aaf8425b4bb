import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import '../tensor/gradients.ts';
import { groupAdvantages, isConstant } from './advantages.ts';
import { clipStatistics, policyLoss, sequenceWeights } from './loss.ts';

const options = {
  clip_ratio_low: 0.2,
  clip_ratio_high: 0.2,
  clip_ratio_c: 3,
  use_kl_loss: false,
  kl_loss_coef: 0,
  entropy_coeff: 0,
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('group advantages', () => {
  test('one right of four: mean 1/4, unbiased deviation 1/2', () => {
    const [right, wrong] = groupAdvantages([1, 0, 0, 0], true);
    expect(right).toBeCloseTo(1.5, 5);
    expect(wrong).toBeCloseTo(-0.5, 5);
  });
  test('without the deviation', () =>
    expect(groupAdvantages([1, 0, 0, 0], false)).toEqual([0.75, -0.25, -0.25, -0.25]));
  test('equal rewards teach nothing', () => {
    expect(groupAdvantages(new Array(8).fill(0.1), true)).toEqual(new Array(8).fill(0));
    expect(isConstant([0.1, 0.1])).toBe(true);
    expect(isConstant([0, 1])).toBe(false);
  });
  test('a group of one is measured against mean 0 and deviation 1', () =>
    expect(groupAdvantages([0.4], true)).toEqual([0.4]));
});

/** Loss and d loss / d log-probability of one token. */
function oneToken(
  ratio: number,
  advantage: number,
  change: Partial<typeof options> = {},
  reference?: number,
) {
  const inputs = {
    oldLogProbs: Float32Array.of(-1),
    advantages: Float32Array.of(advantage),
    weights: Float32Array.of(1),
    ...(reference === undefined ? {} : { referenceLogProbs: Float32Array.of(reference) }),
  };
  const entropy = tf.tensor1d([0.7]);
  const { value, grad } = tf.valueAndGrad((logProbs: tf.Tensor) =>
    policyLoss(logProbs as tf.Tensor1D, entropy, inputs, { ...options, ...change }),
  )(tf.tensor1d([-1 + Math.log(ratio)]));
  return { loss: value.dataSync()[0] as number, gradient: grad.dataSync()[0] as number };
}

describe('policy loss of one token', () => {
  const cases: [string, number, number, number, number][] = [
    // name, ratio, advantage, loss, gradient by log-probability (= -A r where nothing clips)
    ['on policy', 1, 2, -2, -2],
    ['above, good: clipped', 1.5, 2, -2.4, 0],
    ['above, bad: not clipped', 1.5, -2, 3, 3],
    ['below, bad: clipped', 0.5, -2, 1.6, 0],
    ['below, good: not clipped', 0.5, 2, -1, -1],
    ['far above, bad: dual clip at c = 3', 10, -2, 6, 0],
  ];
  test.each(cases)('%s', (_, ratio, advantage, loss, gradient) => {
    const result = oneToken(ratio, advantage);
    expect(result.loss).toBeCloseTo(loss, 4);
    expect(result.gradient).toBeCloseTo(gradient, 4);
  });

  test('k3 KL: exp(d) - d - 1 with d = ref - log p', () => {
    const { loss, gradient } = oneToken(1, 0, { use_kl_loss: true, kl_loss_coef: 0.5 }, -1.3);
    expect(loss).toBeCloseTo(0.5 * (Math.exp(-0.3) + 0.3 - 1), 5);
    expect(gradient).toBeCloseTo(0.5 * (1 - Math.exp(-0.3)), 5);
  });

  test('entropy bonus', () => expect(oneToken(1, 0, { entropy_coeff: 0.1 }).loss).toBeCloseTo(-0.07, 5));
});

describe('loss_agg_mode', () => {
  test('token-mean', () => expect(sequenceWeights([2, 6], 'token-mean')).toEqual([1 / 8, 1 / 8]));
  test('seq-mean-token-mean', () =>
    expect(sequenceWeights([2, 6], 'seq-mean-token-mean')).toEqual([1 / 4, 1 / 12]));
  test('seq-mean-token-sum', () =>
    expect(sequenceWeights([2, 6], 'seq-mean-token-sum')).toEqual([1 / 2, 1 / 2]));
});

test('clip statistics count only ratios that the clip stops', () => {
  const inputs = {
    oldLogProbs: Float32Array.of(0, 0, 0, 0),
    advantages: Float32Array.of(1, -1, 1, -1),
    weights: Float32Array.of(1, 1, 1, 1),
  };
  const logProbs = Float32Array.from([1.5, 1.5, 0.5, 0.5], Math.log);
  const { low, high, samplerKl, referenceKl } = clipStatistics(logProbs, inputs, options);
  expect([low, high]).toEqual([1, 1]);
  expect(referenceKl).toBe(0);
  expect(samplerKl).toBeCloseTo(2 * (0.5 - Math.log(1.5)) + 2 * (-0.5 - Math.log(0.5)), 5);
});
