import { expect, test } from 'vitest';
import { funnelOf } from './funnel.ts';

test('the stages of the selection, candidates to kept', () => {
  const stages = funnelOf({
    step: 3,
    'alignment/candidates': 100,
    'alignment/passed': 30,
    'alignment/not_runnable': 20,
    'alignment/no_values': 1,
    'alignment/duplicate': 9,
    'alignment/too_long': 0,
    'alignment/kept': 40,
  })!;
  expect(stages.map(({ left }) => left)).toEqual([100, 70, 50, 49, 40, 40]);
  expect(stages.map(({ out }) => out)).toEqual([0, 30, 20, 1, 9, 0]);
});

test('a step without a selection has none', () => expect(funnelOf({ step: 1 })).toBeUndefined());
