import { describe, expect, test } from 'vitest';
import type { Evaluation } from '../runs/events.ts';
import { resolveConfig } from '../runs/options.ts';
import type { CellResult } from '../runs/sweep/collect.ts';
import { chartOf, chartSvg } from './chart.ts';
import { CLAIMS, judgeClaims } from './claims.ts';
import { toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';
import { PAPER } from './paper.ts';
import { type ReportFacts, reportBlocks, TITLE } from './report.ts';
import {
  type ArmResult,
  bootstrapDifference,
  costOf,
  type ExperimentResult,
  overSeeds,
  pairedDifference,
  transitions,
} from './results.ts';
import {
  type Arm,
  armCells,
  calibratedConfig,
  equalCodeBatch,
  experiments,
  FULL,
  QUICK,
  tunedSettings,
  tuningConfigs,
} from './suite.ts';
import { tuningResults } from './tuning.ts';

const estimate = (value: number) => ({ value, low: value - 0.1, high: value + 0.1, count: 10 });
const evaluation = (step: number, measures: Record<string, number>, outcomes?: string[]): Evaluation => ({
  step,
  measures: Object.fromEntries(Object.entries(measures).map(([name, value]) => [name, estimate(value)])),
  verdicts: {},
  outcomes,
  seconds: 1,
});
const verdicts = (passing: number, of = 100) =>
  Array.from({ length: of }, (_, i) => (i < passing ? 'pass' : 'wrong_answer'));

function cell(seed: number, measures: Record<string, number>, more: Partial<CellResult> = {}): CellResult {
  return {
    name: `cell-${seed}`,
    config: resolveConfig({ method: 'grpo', seed, steps: 4 }),
    evaluations: {
      during: [evaluation(2, { 'pass@1': measures['pass@1']! / 2 })],
      after: evaluation(4, measures, verdicts(Math.round(100 * measures['pass@1']!))),
    },
    metrics: [
      { step: 1, 'prompts/code': 3, 'completions/mean_length': 10, num_tokens: 200 },
      { step: 2, 'prompts/code': 2, 'prompts/alignment': 1, 'completions/mean_length': 20, num_tokens: 500 },
    ],
    seconds: 90,
    ...more,
  };
}

const arm = (key: string, ...cells: CellResult[]): ArmResult => ({
  arm: { key, label: key.toUpperCase(), settings: {}, tuned: key },
  cells,
});
const grpo = arm('grpo', ...[0.5, 0.6, 0.7].map((rate, seed) => cell(seed, { 'pass@1': rate })));
const better = arm('coderl_plus', ...[0.61, 0.7, 0.79].map((rate, seed) => cell(seed, { 'pass@1': rate })));
const main: ExperimentResult = {
  experiment: experiments(FULL)[0]!,
  arms: [grpo, better],
  start: evaluation(0, { 'pass@1': 0.3, code_reasoning: 0.4 }, verdicts(30)),
};

describe('the suite', () => {
  test('is made of runs that differ in what an arm says, and share all else', () => {
    for (const experiment of experiments(FULL)) {
      const rates = Object.fromEntries(experiment.arms.map(({ tuned }) => [tuned, 3e-4]));
      const cells = armCells(FULL, experiment, 5, rates);
      expect(cells).toHaveLength(5 * experiment.arms.length);
      expect(cells.filter(({ config }) => config.eval_before)).toHaveLength(1);
      const texts = cells.map(({ config }) => JSON.stringify({ ...config, eval_before: false }));
      expect(new Set(texts).size, experiment.key).toBe(cells.length);
      for (const { config } of cells) {
        const { steps } = { ...FULL.settings, ...(experiment.key === 'calibrated' ? FULL.long : {}) };
        expect(config).toMatchObject({ lr: 3e-4, steps, eval_split: 'heldout' });
      }
    }
  });

  test('every arm has its learning rate chosen, on validation tasks and a seed of its own', () => {
    const keys = tunedSettings(FULL, experiments(FULL)).map(({ key }) => key);
    for (const { arms, start } of experiments(FULL)) {
      for (const { tuned } of arms) {
        expect(keys).toContain(tuned);
        expect(tunedSettings(FULL, experiments(FULL)).find(({ key }) => key === tuned)!.start).toBe(start);
      }
    }
    const configs = tuningConfigs(FULL, tunedSettings(FULL, experiments(FULL)));
    expect(configs.every(({ eval_split, seed }) => eval_split === 'validation' && seed === 1000)).toBe(true);
    expect(new Set(configs.map((config) => config.lr))).toEqual(
      new Set(Object.values(FULL.learningRates).flat()),
    );
    // Supervised training after its execution phase is under another key.
    expect(configs[0]).toMatchObject({ method: 'sft', lr: 3e-4, 'sft.code_lr': 3e-4 });
  });

  test('only what the chosen experiments need is tuned', () => {
    const keys = tunedSettings(FULL, experiments(FULL).slice(0, 1)).map(({ key }) => key);
    expect(keys).toEqual(['sft', 'grpo', 'coderl_plus']);
  });

  test('compares at equal code prompts', () => {
    for (const size of [1, 10, 64, 100]) {
      const batch = equalCodeBatch(size);
      expect(batch - Math.floor(0.4 * batch)).toBe(size);
    }
    expect(equalCodeBatch(64)).toBe(106);
  });

  test('distillation sees as many sequences as reinforcement', () => {
    const [sft] = experiments(FULL)[0]!.arms.filter(({ key }) => key === 'sft');
    expect(sft!.settings.train_batch_size).toBe(512);
  });

  test('the calibrated start comes from supervised training on its family', () => {
    expect(calibratedConfig(QUICK)).toMatchObject({ method: 'sft', families: 'calibrated', steps: 2 });
  });

  test('names of arms are one of a kind, and claims and the paper name arms that there are', () => {
    const keys = experiments(FULL).flatMap(({ arms }) => arms.map(({ key }: Arm) => key));
    expect(new Set(keys).size).toBe(keys.length);
    for (const { arms } of CLAIMS) for (const key of arms) expect(keys).toContain(key);
    for (const key of Object.keys(PAPER)) expect(['start', ...keys]).toContain(key);
  });
});

test('the learning rate with the best validation pass@1 is chosen, the smaller at a tie, when all are known', () => {
  const settings = tunedSettings(FULL, experiments(FULL)).slice(0, 2);
  const rates = [0.4, 0.6, 0.6, 0.2, 0.1, 0.1];
  const cells = rates.map((rate, seed) => cell(seed, { 'pass@1': rate }));
  const [sft, second] = tuningResults(settings, cells);
  expect([sft!.key, sft!.chosen]).toEqual(['sft', 1e-3]);
  expect(second!.chosen).toBe(1e-4);
  expect(tuningResults(settings, [...cells.slice(0, 5), undefined])[1]!.chosen).toBeUndefined();
});

describe('results', () => {
  test('over seeds, and paired by seed', () => {
    const found = overSeeds(grpo, 'pass@1')!;
    expect(found.value).toBeCloseTo(0.6, 12);
    expect(found.high - found.value).toBeCloseTo((4.30265 * 0.1) / Math.sqrt(3), 4);
    expect(overSeeds(grpo, 'trace_exact')).toBeUndefined();
    const read = ({ evaluations }: CellResult) => evaluations.after?.measures['pass@1']?.value;
    const { estimate, from, seeds } = pairedDifference(better, grpo, read)!;
    expect([seeds, estimate.value.toFixed(3), from.toFixed(2)]).toEqual([[0, 1, 2], '0.100', '0.60']);
    expect(estimate.high - estimate.value).toBeCloseTo((4.30265 * 0.01) / Math.sqrt(3), 4);
    expect(pairedDifference(better, arm('x', cell(9, { 'pass@1': 1 })), read)).toBeUndefined();
  });

  test('bootstrap over seeds and tasks: the same bits again, around the difference, wider than no spread', () => {
    const found = bootstrapDifference(better, grpo)!;
    expect(found.value).toBeCloseTo(0.1, 12);
    // A gain on 10 of 100 tasks: the standard error over tasks alone is 0.03.
    expect(found.low).toBeGreaterThan(0.03);
    expect(found.low).toBeLessThan(0.07);
    expect(found.high).toBeGreaterThan(0.13);
    expect(found.high).toBeLessThan(0.17);
    expect(bootstrapDifference(better, grpo)).toEqual(found);
  });

  test('transitions between verdicts, in tasks a run', () => {
    const after = verdicts(20).map((verdict, i) => (i === 50 ? 'pass' : i === 0 ? 'timeout' : verdict));
    const moved = cell(0, { 'pass@1': 0.2 });
    moved.evaluations.after!.outcomes = after;
    const found = transitions(evaluation(0, {}, verdicts(30)), arm('a', moved, cell(1, { 'pass@1': 0.3 })));
    expect(found).toEqual({
      gained: { wrong_answer: 0.5 },
      lost: { wrong_answer: 5, timeout: 0.5 },
      tasks: 100,
    });
    expect(transitions(undefined, grpo)).toBeUndefined();
  });

  test('cost: tokens sampled and learned from, minutes', () => {
    // Eight completions a prompt: 3 x 8 x 10 + 3 x 8 x 20.
    expect(costOf(grpo.cells[0]!)).toEqual({ sampled: 720, trained: 500, minutes: 1.5 });
  });
});

describe('claims', () => {
  const verdictOf = (key: string, results: ExperimentResult[]) =>
    judgeClaims(results).find(({ claim }) => claim.key === key)!;

  test('hold, do not hold, stay undecided, or were not measured, by the interval', () => {
    const held = verdictOf('pass', [main]);
    expect(held.verdict).toBe('holds here');
    expect(held.relative).toBeCloseTo(0.1 / 0.6, 10);
    const swapped = [arm('coderl_plus', ...grpo.cells), arm('grpo', ...better.cells)];
    expect(verdictOf('pass', [{ ...main, arms: swapped }]).verdict).toBe('does not hold here');
    const one = [arm('grpo', grpo.cells[0]!), arm('coderl_plus', better.cells[0]!)];
    expect(verdictOf('pass', [{ ...main, arms: one }]).verdict).toBe('undecided at this size');
    expect(verdictOf('ppo_pass', [main]).verdict).toBe('not measured');
  });

  test('of the lead that grows: the second half of training, run by run', () => {
    // Half of each final value was there in the middle, so the lead of 0.1 was 0.05 then.
    expect(verdictOf('dynamics', [main]).difference!.value).toBeCloseTo(0.05, 12);
  });

  test('of the probe: less error is better, embeddings left out', () => {
    const probed = (key: string, error: number) =>
      arm(
        key,
        ...[0, 1, 2].map((seed) =>
          cell(seed, {
            'pass@1': 0.5,
            'probe_mse/layer_0': 9 * error,
            'probe_mse/layer_1': error + seed / 100,
            'probe_mse/layer_2': error,
          }),
        ),
      );
    const judged = verdictOf('probe', [{ ...main, arms: [probed('grpo', 0.5), probed('coderl_plus', 0.4)] }]);
    expect(judged.verdict).toBe('holds here');
    expect(judged.difference!.value).toBeCloseTo(0.1, 12);
  });
});

describe('the report', () => {
  const facts: ReportFacts = {
    command: 'npm run reproduce',
    scale: FULL,
    seeds: 3,
    results: [main, { experiment: experiments(FULL)[1]!, arms: [] }],
    tuning: [{ key: 'grpo', candidates: [{ lr: 1e-4, passRate: 0.5 }], chosen: 1e-4 }],
    missing: { runs: 3, of: 9 },
    device: { backend: 'wasm', adapter: 'tfjs wasm', software: false } as ReportFacts['device'],
    builds: ['b1'],
  };

  test('says in Markdown what was found, beside the paper, and what is missing', () => {
    const markdown = toMarkdown(reportBlocks(facts));
    expect(markdown).toContain('| GRPO | 3 | 60.9 / 66 / 48.4 | 0.600 [0.352, 0.848] |');
    expect(markdown).toContain('| CODERL_PLUS | +0.100 [+0.075, +0.125] * |');
    expect(markdown).toMatch(/CodeRL\+ writes more .*\+17% \| 3 \| \*\*holds here\*\*/);
    expect(markdown).toContain('**Unfinished**: 3 of 9 runs');
    expect(markdown).toContain('Not run yet.');
    expect(markdown).toContain(
      '| GRPO | 0.300 [0.300, 0.300] | 0.300 [0.176, 0.424] | 0.600 [0.352, 0.848] |',
    );
  });

  test('is one HTML file without anything from outside, with curves', () => {
    const html = toHtml(TITLE, reportBlocks(facts));
    expect(html).toContain('<strong>holds here</strong>');
    expect(html).toMatch(/<svg viewBox.*<polyline/);
    expect(html).toContain('<a href="https://arxiv.org/abs/2510.18471">');
    expect(html).not.toMatch(/src=|<script|url\(/);
    const opened = (html.match(/<(table|figure|ul|p|h2)\b/g) ?? []).length;
    expect((html.match(/<\/(table|figure|ul|p|h2)>/g) ?? []).length).toBe(opened);
  });

  test('curves keep to their frame, and names in them are text', () => {
    const chart = chartOf('a < b', 'pass@1', [grpo, better])!;
    expect(chart.lines.map(({ points }) => points.map(({ step }) => step))).toEqual([
      [2, 4],
      [2, 4],
    ]);
    const svg = chartSvg(chart);
    expect(svg).toContain('a &lt; b');
    for (const [, x, y] of svg.matchAll(/c[x]="([\d.-]+)" cy="([\d.-]+)"/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(520);
      expect(Number(y)).toBeGreaterThanOrEqual(0);
      expect(Number(y)).toBeLessThanOrEqual(260);
    }
    expect(svg).not.toContain('NaN');
    expect(chartOf('a', 'pass@1', [grpo], 0.3)!.lines[0]!.points[0]).toMatchObject({
      step: 0,
      estimate: { value: 0.3 },
    });
    expect(chartOf('none', 'no such measure', [grpo])).toBeUndefined();
  });
});
