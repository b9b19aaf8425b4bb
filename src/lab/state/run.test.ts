import { describe, expect, it } from 'vitest';
import type { RolloutRecord, RunEvent } from '../../runs/events.ts';
import { mostAdvantaged, mostInstructive, summarize } from './groups.ts';
import { newRunData, reduceRun } from './run.ts';

const record = (group: number, sample: number, reward: number, source = 'code'): RolloutRecord => ({
  step: 1,
  source,
  group,
  sample,
  prompt_id: `p${group}`,
  prompt: 'p',
  completion: 'c',
  tokens: 1,
  terminated: true,
  verdict: reward === 1 ? 'pass' : 'wrong_answer',
  reward,
  parts: {},
  advantage: reward - 0.5,
});

const runAfter = (...events: RunEvent[]) => events.reduce(reduceRun, newRunData({ steps: 9 }));
const step = (n: number): RunEvent => ({ type: 'step', totalSteps: 9, metrics: { step: n, reward: n } });
const groups = (n: number): RunEvent[] => [
  { type: 'rollouts', records: [{ ...record(0, 0, 1), step: n }] },
  { type: 'groups', step: n, details: [] },
];

describe('what a run is after its events', () => {
  it('keeps metrics in order, and the steps whose groups are kept', () => {
    const data = runAfter(step(1), ...groups(1), step(2), ...groups(2));
    expect(data.metrics.map((row) => row.step)).toEqual([1, 2]);
    expect(data).toMatchObject({ phase: 'running', message: 'Step 2 of 9.', kept: [1, 2] });
    expect(data.latest?.step).toBe(2);
  });

  it('forgets what is void when a run goes on from a checkpoint, and takes it again', () => {
    const evaluation = { step: 0, measures: {}, verdicts: {}, seconds: 1 };
    const data = runAfter(
      { type: 'evaluation', name: 'before', evaluation },
      ...[1, 2, 3].flatMap((n) => [step(n), ...groups(n)]),
      { type: 'evaluation', name: 'during', evaluation: { ...evaluation, step: 3 } },
      { type: 'resume', step: 2, evaluations: { before: evaluation, during: [] } },
    );
    expect(data.metrics.map((row) => row.step)).toEqual([1, 2]);
    expect(data.kept).toEqual([1, 2]);
    expect(data.evaluations.map(({ name }) => name)).toEqual(['before']);
    expect(reduceRun(data, step(3)).metrics).toHaveLength(3);
  });

  it('says each warning once, and how the run ended', () => {
    const warning: RunEvent = { type: 'warning', message: 'careful' };
    const data = runAfter(step(1), warning, warning, { type: 'done', steps: 1, stopped: true });
    expect(data).toMatchObject({
      warnings: ['careful'],
      phase: 'stopped',
      message: 'Stopped after 1 steps.',
    });
  });
});

describe('groups', () => {
  const records = [
    record(0, 0, 1),
    record(0, 1, 1),
    record(1, 0, 0),
    record(1, 1, 1),
    record(2, 0, 0, 'alignment'),
  ];

  it('are summed up', () => {
    expect(summarize(records)[1]).toMatchObject({ group: 1, samples: 2, mean: 0.5, std: 0.5, passed: 1 });
  });

  it('that differ most among programs are shown first, and their best answer', () => {
    expect(mostInstructive(records)).toBe(1);
    expect(mostAdvantaged(records.slice(2, 4))?.sample).toBe(1);
    expect(mostInstructive([])).toBeUndefined();
  });
});
