import { expect, it } from 'vitest';
import { lineOf, positions, smoothed } from './data.ts';
import type { CurveSpec } from './specs.ts';

const metrics = [1, 2, 3].map((step) => ({
  step,
  reward: step,
  reward_std: 0.5,
  step_time: 2,
  num_tokens: 100 * step,
}));

it('averages without a pull to zero at the start, and leaves gaps as they are', () => {
  expect(smoothed([5, 5, 5], 0.9)).toEqual([expect.closeTo(5), expect.closeTo(5), expect.closeTo(5)]);
  expect(smoothed([1, 3], 0)).toEqual([1, 3]);
  // (0.5 x 1 x 0.5 + 0.5 x 3) / (1 - 0.25)
  expect(smoothed([1, Number.NaN, 3], 0.5)).toEqual([1, Number.NaN, expect.closeTo(1.75 / 0.75)]);
});

it('lays steps out by step, tokens or seconds', () => {
  expect([...positions(metrics, 'step').values()]).toEqual([0, 1, 2, 3]);
  expect([...positions(metrics, 'tokens').values()]).toEqual([0, 100, 200, 300]);
  expect([...positions(metrics, 'time').values()]).toEqual([0, 2, 4, 6]);
});

it('draws a metric with its spread', () => {
  const spec: CurveSpec = { id: 'r', kind: 'metric', names: ['reward'], spread: 'reward_std' };
  const line = lineOf(spec, 'reward', { metrics, evaluations: [] }, { x: 'time', smooth: 0 });
  expect(line).toMatchObject({ xs: [2, 4, 6], ys: [1, 2, 3], low: [0.5, 1.5, 2.5], high: [1.5, 2.5, 3.5] });
});

it('draws a measure with its interval, the last evaluation of a step counting', () => {
  const evaluation = (step: number, value: number, name: 'before' | 'during' | 'after') => ({
    step,
    name,
    verdicts: {},
    seconds: 1,
    measures: { 'pass@1': { value, low: value - 0.1, high: value + 0.1, count: 9 } },
  });
  const evaluations = [
    evaluation(3, 0.4, 'during'),
    evaluation(3, 0.5, 'after'),
    evaluation(0, 0.2, 'before'),
  ];
  const spec: CurveSpec = { id: 'p', kind: 'measure', names: ['pass@1'] };
  const line = lineOf(spec, 'pass@1', { metrics, evaluations }, { x: 'tokens', smooth: 0.9 });
  expect(line).toMatchObject({ xs: [0, 300], ys: [0.2, 0.5], steps: [0, 3] });
});
