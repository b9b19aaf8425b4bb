import { expect, it } from 'vitest';
import { healthNotes } from './health.ts';

const HEALTHY = {
  loss: 0.001,
  entropy: 0.25,
  frac_reward_zero_std: 0.3,
  'completions/clipped_ratio': 0.01,
  ppo_kl: 0.002,
  'rewards/code/mean': 0.4,
  skipped_updates: 0,
  'sampling/sampling_logp_difference/max': 1e-4,
};
const run = (change: Partial<typeof HEALTHY>) =>
  Array.from({ length: 20 }, (_, i) => ({ step: i + 1, ...HEALTHY, ...(i >= 8 && change) }));
const ids = (change: Partial<typeof HEALTHY>) =>
  healthNotes(run(change)).flatMap(({ id, level }) => (level === 'fine' ? [] : [`${level} ${id}`]));

it('says of a healthy run only that a loss near 0 is none', () => {
  expect(healthNotes(run({})).map(({ id, level }) => `${level} ${id}`)).toEqual(['fine loss']);
  expect(healthNotes(run({}).slice(0, 3))).toEqual([]);
});

it.each([
  [{ frac_reward_zero_std: 0.95 }, 'trouble equal'],
  [{ frac_reward_zero_std: 0.7 }, 'watch equal'],
  [{ entropy: 0.01 }, 'trouble entropy'],
  [{ 'completions/clipped_ratio': 0.4 }, 'trouble cut'],
  [{ ppo_kl: 0.3 }, 'trouble kl'],
  [{ skipped_updates: 1 }, 'trouble skipped'],
  [{ 'rewards/code/mean': 0 }, 'trouble reward'],
  [{ 'sampling/sampling_logp_difference/max': 0.5 }, 'trouble sampler'],
])('%o means %s', (change, note) => {
  expect(ids(change)).toEqual([note]);
});

it('notices that held-out pass@1 has fallen for sure', () => {
  const evaluation = (step: number, value: number) => ({
    step,
    name: 'during' as const,
    verdicts: {},
    seconds: 1,
    measures: { 'pass@1': { value, low: value - 0.05, high: value + 0.05, count: 300 } },
  });
  const fallen = healthNotes(run({}), [evaluation(0, 0.5), evaluation(10, 0.3)]);
  expect(fallen.map(({ id }) => id)).toContain('fall');
  const unsure = healthNotes(run({}), [evaluation(0, 0.5), evaluation(10, 0.45)]);
  expect(unsure.map(({ id }) => id)).not.toContain('fall');
});
