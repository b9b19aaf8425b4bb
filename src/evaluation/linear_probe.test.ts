import { describe, expect, test } from 'vitest';
import { random } from '../tensor/random.ts';
import { type Examples, fitProbe, PAPER_PROBE, scaleTargets, squaredErrors } from './linear_probe.ts';
import { mean } from './statistics.ts';

/** y = 0.5 x0 - 0.25 x1 + 0.1, x2 unrelated. */
function examples(count: number, seed: number): Examples {
  const source = random(seed, 1);
  const features = Float32Array.from({ length: 3 * count }, () => 2 * source.uniform() - 1);
  const targets = Float32Array.from(
    { length: count },
    (_, i) => 0.5 * features[3 * i] - 0.25 * features[3 * i + 1] + 0.1,
  );
  return { features, width: 3, targets };
}

test('finds a linear relation', () => {
  const probe = fitProbe(examples(400, 1), { ...PAPER_PROBE, seed: 0, lr: 1e-2, epochs: 40 });
  [0.5, -0.25, 0, 0.1].forEach((weight, j) => {
    expect(probe[j]).toBeCloseTo(weight, 3);
  });
  expect(mean(squaredErrors(probe, examples(100, 2)))).toBeLessThan(1e-5);
});

test('the same seed gives the same probe', () => {
  const options = { ...PAPER_PROBE, seed: 3 };
  expect(fitProbe(examples(50, 1), options)).toEqual(fitProbe(examples(50, 1), options));
  expect(fitProbe(examples(50, 1), { ...options, seed: 4 })).not.toEqual(fitProbe(examples(50, 1), options));
});

describe('targets', () => {
  test('are scaled by the training values alone', () =>
    expect(scaleTargets([2, 6], [2, 4, 6, 8])).toEqual([-1, 0, 1, 2]));
  test('that do not differ become 0', () => expect(scaleTargets([3, 3], [3, 9])).toEqual([0, 0]));
});
