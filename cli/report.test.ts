import { expect, it } from 'vitest';
import type { Estimate, Evaluation } from '../src/runs/events.ts';
import { formatNumber, formatTime } from '../src/runs/format.ts';
import { beforeAfterTable, deviceLine, stepLine } from './report.ts';
import { countPlaywright, countVitest, summaryLine } from './testCounts.ts';

const proportion = (value: number): Estimate => ({
  value,
  low: value - 0.02,
  high: value + 0.02,
  count: 50,
});
const evaluation = (step: number, measures: Record<string, Estimate>): Evaluation => ({
  step,
  measures,
  verdicts: {},
  seconds: 1,
});

it('formats numbers and times for people', () => {
  expect([0.25, 1e-4, 12.345, 1234.5, 3, Number.NaN, null].map(formatNumber)).toEqual([
    '0.2500',
    '1.00e-4',
    '12.35',
    '1235',
    '3',
    'nan',
    'nan',
  ]);
  expect([8, 185, 3725].map(formatTime)).toEqual(['8 s', '3 min 05 s', '1 h 02 min']);
});

it('warns of a software adapter', () => {
  const device = { backend: 'webgpu', adapter: 'SwiftShader', software: true } as const;
  expect(deviceLine(device)).toContain('a software adapter: its times say nothing of a GPU');
});

it('marks changes whose intervals do not overlap, and shows measures that one side lacks', () => {
  const text = beforeAfterTable(
    evaluation(0, { 'pass@1': proportion(0.25), same: proportion(0.5) }),
    evaluation(9, { 'pass@1': proportion(0.35), same: proportion(0.49), extra: proportion(0.1) }),
  );
  expect(text).toContain('+0.100 *');
  expect(text).toMatch(/same .*-0\.010 {2,}50/);
  expect(text).toMatch(/extra\s+-\s+0\.100/);
});

it('shows a supervised step without the words of RL', () => {
  const line = stepLine({ step: 3, loss: 0.5, learning_rate: 1e-4, tokens_per_second: 99.6 }, 120);
  expect(line).toBe('step   3/120  loss 0.5000  learning rate 1.00e-4  tokens/s 100');
});

it('counts tests of both runners, and files that broke before they had any', () => {
  const unit = countVitest({
    numPassedTests: 3,
    numFailedTests: 1,
    testResults: [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [1] },
      { status: 'passed', assertionResults: [1] },
    ],
  });
  expect(unit).toEqual({ passed: 3, failed: 2 });
  expect(countPlaywright({ stats: { expected: 4, unexpected: 1, flaky: 1 }, errors: [{}] })).toEqual({
    passed: 5,
    failed: 2,
  });
  expect(summaryLine(unit)).toBe('3 passed, 2 failed');
});
