import { expect, it } from 'vitest';
import { newRunData } from '../state/run.ts';
import { secondsLeft } from './progress.ts';

const config = {
  steps: 20,
  eval_every: 5,
  eval_tasks: 10,
  eval_final_tasks: 100,
} as Parameters<typeof secondsLeft>[1];

it('knows nothing before the first step', () => {
  expect(secondsLeft(newRunData(config), config)).toBeUndefined();
});

it('counts the steps and the evaluations that are left', () => {
  const before = { step: 0, name: 'before' as const, measures: {}, verdicts: {}, seconds: 10 };
  const data = {
    ...newRunData(config),
    metrics: [1, 2, 3, 4, 5, 6].map((step) => ({ step, step_time: 2 })),
    evaluations: [before],
  };
  // 14 steps of 2 s; evaluations at 10 and 15 of 10 tasks, one of 100, at 0.1 s a task.
  expect(secondsLeft(data, config)).toBeCloseTo(28 + 2 + 10);
});
