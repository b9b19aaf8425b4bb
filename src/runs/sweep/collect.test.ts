import { describe, expect, test } from 'vitest';
import type { Config } from '../config.ts';
import { toCsv } from '../export/csv.ts';
import { resolveConfig } from '../options.ts';
import {
  type CellResult,
  cellRows,
  groupCells,
  metricRows,
  summariseCells,
  summaryMarkdown,
} from './collect.ts';

function cell(given: Partial<Config>, rate: number, more: Partial<CellResult> = {}): CellResult {
  const estimate = (value: number) => ({ value, low: 0, high: 1, count: 100 });
  const evaluation = (step: number, value: number) => ({
    step,
    measures: { 'pass@1': estimate(value), 'pass@1/pipelines': estimate(value) },
    verdicts: {},
    seconds: 1,
  });
  return {
    name: `${given.method}-${given.seed}`,
    config: resolveConfig(given, { quick: true }),
    evaluations: { before: evaluation(0, 0.2), after: evaluation(20, rate) },
    metrics: [{ step: 1, reward: rate }],
    ...more,
  };
}

const cells = [
  cell({ method: 'grpo', seed: 0 }, 0.5),
  cell({ method: 'coderl_plus', seed: 0 }, 0.61),
  cell({ method: 'grpo', seed: 1 }, 0.6),
  cell({ method: 'coderl_plus', seed: 1 }, 0.7),
  cell({ method: 'grpo', seed: 2 }, 0.7),
  cell({ method: 'coderl_plus', seed: 2 }, 0.79),
];

describe('collect', () => {
  test('groups by what differs beside the seed', () => {
    expect(groupCells(cells).map(({ label, cells: { length } }) => [label, length])).toEqual([
      ['grpo', 3],
      ['coderl_plus', 3],
    ]);
    const swept = [...cells, cell({ method: 'grpo', seed: 0, lr: 1e-3 }, 0.5)];
    expect(groupCells(swept).map(({ label }) => label)).toEqual(['grpo', 'coderl_plus', 'grpo lr=0.001']);
  });

  test('means over seeds, and differences seed by seed', () => {
    const { groups, differences, warnings } = summariseCells(cells);
    const grpo = groups[0]!.measures['pass@1']!;
    expect(grpo.value).toBeCloseTo(0.6, 12);
    expect(grpo.high - grpo.value).toBeCloseTo((4.30265 * 0.1) / Math.sqrt(3), 4);
    expect(differences).toHaveLength(1);
    const { label, from, seeds, measures } = differences[0]!;
    expect([label, from, seeds]).toEqual(['coderl_plus', 'grpo', [0, 1, 2]]);
    // Seeds move both methods alike, so the difference is known ten times better than either mean.
    expect(measures['pass@1']!.value).toBeCloseTo(0.1, 12);
    expect(measures['pass@1']!.high - 0.1).toBeCloseTo((4.30265 * 0.01) / Math.sqrt(3), 4);
    expect(warnings).toEqual([]);
  });

  test('compares with the group that is asked for, over the seeds that both have', () => {
    const { differences } = summariseCells(cells.slice(0, 5), 'coderl_plus');
    expect(differences.map(({ label, from, seeds }) => [label, from, seeds])).toEqual([
      ['grpo', 'coderl_plus', [0, 1]],
    ]);
    expect(() => summariseCells(cells, 'ppo')).toThrow('no group "ppo"; there are "grpo", "coderl_plus"');
    expect(() => summariseCells([])).toThrow('there are none');
  });

  test('warns of what should not be compared', () => {
    const device = (adapter: string) => ({ backend: 'wasm' as const, adapter, software: false });
    const mixed = [
      cell({ method: 'grpo', seed: 0 }, 0.5, { build: 'a' }),
      cell({ method: 'grpo', seed: 0 }, 0.6, { build: 'b' }),
    ];
    for (const [i, { evaluations }] of mixed.entries()) evaluations.device = device(`adapter ${i}`);
    expect(summariseCells(mixed).warnings).toEqual([
      'cells of 2 builds are mixed: a; b',
      'cells of 2 devices are mixed, whose numbers differ: wasm, adapter 0; wasm, adapter 1',
      'grpo: a seed is there more than once',
      'grpo: 2 seeds, too few for an interval to mean much',
    ]);
  });

  test('a table for people', () => {
    const text = summaryMarkdown(summariseCells(cells));
    expect(text).toContain('|  | seeds | pass@1 |\n| --- | --- | --- |\n| grpo | 3 | 0.600 [0.352, 0.848] |');
    expect(text).toContain('## Differences from grpo');
    expect(text).toContain('| coderl_plus | 3 | +0.100 [+0.075, +0.125] * |');
    const one = summaryMarkdown(summariseCells(cells.slice(0, 1)), ['pass@1/pipelines']);
    expect(one).toContain('| grpo | 1 | 0.500 |');
    expect(one).toContain('- grpo: 1 seed, too few');
  });

  test('rows for a CSV', () => {
    const swept = [...cells, cell({ method: 'grpo', seed: 0, lr: 1e-3 }, 0.5, { seconds: 3 })];
    expect(toCsv(cellRows(swept)).split('\n').slice(0, 2)).toEqual([
      'cell,method,lr,seed,steps,seconds,device,build,before/pass@1,before/pass@1/pipelines,pass@1,pass@1/pipelines',
      'grpo-0,grpo,0.0001,0,20,,,,0.2,0.2,0.5,0.5',
    ]);
    expect(metricRows(swept).at(-1)).toEqual({
      cell: 'grpo-0',
      method: 'grpo',
      lr: 1e-3,
      seed: 0,
      step: 1,
      reward: 0.5,
    });
  });
});
