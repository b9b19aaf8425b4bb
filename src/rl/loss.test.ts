import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import '../tensor/gradients.ts';
import { clipStatistics, type LossInputs, type LossOptions, policyLoss, sequenceWeights } from './loss.ts';

const options: LossOptions = {
  'policy_loss.loss_mode': 'vanilla',
  clip_ratio_low: 0.2,
  clip_ratio_high: 0.2,
  clip_ratio_c: 3,
  use_kl_loss: false,
  kl_loss_coef: 0,
  kl_loss_type: 'k3',
  entropy_coeff: 0,
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Loss and d loss / d log-probability of tokens whose weights are 1, by default one completion. */
function lossOf(
  ratios: number[],
  advantages: number[],
  change: Partial<LossOptions> = {},
  rest: Partial<LossInputs> = {},
) {
  const inputs = {
    oldLogProbs: new Float32Array(ratios.length).fill(-1),
    advantages: Float32Array.from(advantages),
    weights: new Float32Array(ratios.length).fill(1),
    lengths: [ratios.length],
    ...rest,
  };
  const entropy = tf.fill([ratios.length], 0.7) as tf.Tensor1D;
  const { value, grad } = tf.valueAndGrad((logProbs: tf.Tensor) =>
    policyLoss(logProbs as tf.Tensor1D, entropy, inputs, { ...options, ...change }),
  )(tf.tensor1d(ratios.map((ratio) => -1 + Math.log(ratio))));
  return { loss: value.dataSync()[0] as number, gradient: Array.from(grad.dataSync()) };
}

function oneToken(ratio: number, advantage: number, change: Partial<LossOptions> = {}, reference?: number) {
  const rest = reference === undefined ? {} : { referenceLogProbs: Float32Array.of(reference) };
  const { loss, gradient } = lossOf([ratio], [advantage], change, rest);
  return { loss, gradient: gradient[0] };
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

  // d = ref - log p = -0.3; name, KL, its gradient by log p
  test.each([
    ['k1', 0.3, 1],
    ['k2', 0.045, 0.3],
    ['k3', Math.exp(-0.3) + 0.3 - 1, 1 - Math.exp(-0.3)],
  ] as const)('KL penalty %s', (kl_loss_type, kl, slope) => {
    const { loss, gradient } = oneToken(1, 0, { use_kl_loss: true, kl_loss_coef: 0.5, kl_loss_type }, -1.3);
    expect(loss).toBeCloseTo(0.5 * kl, 5);
    expect(gradient).toBeCloseTo(0.5 * slope, 5);
  });

  test('entropy bonus', () => expect(oneToken(1, 0, { entropy_coeff: 0.1 }).loss).toBeCloseTo(-0.07, 5));
});

describe('gspo: the ratio of a completion is the geometric mean of its tokens', () => {
  const gspo = { 'policy_loss.loss_mode': 'gspo' } as const;
  test('not clipped: each token has the gradient -A s', () => {
    const { loss, gradient } = lossOf([2, 0.5, 1.1, 1.1], [1, 1, 2, 2], gspo, { lengths: [2, 2] });
    // s = 1 in the first completion, 1.1 in the second
    expect(loss).toBeCloseTo(-1 - 1 - 2.2 - 2.2, 5);
    for (const [i, value] of [-1, -1, -2.2, -2.2].entries()) expect(gradient[i]).toBeCloseTo(value, 5);
  });
  test('clipped as a whole', () => {
    const { loss, gradient } = lossOf([3, 1], [1, 1], gspo);
    expect(loss).toBeCloseTo(-1.2 - 1.2, 5);
    expect(gradient).toEqual([0, 0]);
  });
});

describe('cispo: the clipped ratio is a constant weight of log p', () => {
  const cispo = { 'policy_loss.loss_mode': 'cispo' } as const;
  test.each([
    ['inside', 1.1, 2, -2 * 1.1],
    ['above, good: still learns, at the bound', 1.5, 2, -2 * 1.2],
    ['below, bad: still learns, at the bound', 0.5, -2, 2 * 0.8],
  ])('%s', (_, ratio, advantage, weight) => {
    const { loss, gradient } = oneToken(ratio, advantage, cispo);
    expect(loss).toBeCloseTo(weight * (-1 + Math.log(ratio)), 5);
    expect(gradient).toBeCloseTo(weight, 5);
  });
});

test.each([
  ['token-mean', [1 / 8, 1 / 8]],
  ['seq-mean-token-mean', [1 / 4, 1 / 12]],
  ['seq-mean-token-sum', [1 / 2, 1 / 2]],
  ['seq-mean-token-sum-norm', [1 / 20, 1 / 20]],
] as const)('loss_agg_mode %s', (mode, weights) => {
  expect(sequenceWeights([2, 6], mode, 10)).toEqual(weights);
});

test('clip statistics count only ratios that the clip stops', () => {
  const inputs = {
    oldLogProbs: Float32Array.of(0, 0, 0, 0),
    advantages: Float32Array.of(1, -1, 1, -1),
    weights: Float32Array.of(1, 1, 1, 1),
    lengths: [4],
  };
  const logProbs = Float32Array.from([1.5, 1.5, 0.5, 0.5], Math.log);
  const { low, high, samplerKl, referenceKl } = clipStatistics(logProbs, inputs, options);
  expect([low, high]).toEqual([1, 1]);
  expect(referenceKl).toBe(0);
  expect(samplerKl).toBeCloseTo(2 * (0.5 - Math.log(1.5)) + 2 * (-0.5 - Math.log(0.5)), 5);
});
