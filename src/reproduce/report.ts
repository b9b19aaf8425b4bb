import type { Estimate } from '../evaluation/statistics.ts';
import { mean } from '../evaluation/statistics.ts';
import type { DeviceInfo } from '../runs/events.ts';
import { formatNumber } from '../runs/format.ts';
import { formatEstimate } from '../runs/sweep/collect.ts';
import { chartOf } from './chart.ts';
import { type JudgedClaim, judgeClaims } from './claims.ts';
import { type Block, heading, table, text } from './document.ts';
import { PAPER } from './paper.ts';
import {
  type ArmResult,
  bootstrapDifference,
  costOf,
  type ExperimentResult,
  measured,
  overSeeds,
  pairedDifference,
  transitions,
} from './results.ts';
import type { Scale } from './suite.ts';
import type { TuningResult } from './tuning.ts';

/** Everything that a report is made of. */
export interface ReportFacts {
  command: string;
  scale: Scale;
  seeds: number;
  results: readonly ExperimentResult[];
  tuning: readonly TuningResult[];
  /** Runs that are not finished, of all. */
  missing: { runs: number; of: number };
  device?: DeviceInfo;
  builds: readonly string[];
}

export const TITLE = "CodeRL+'s claims, checked at the scale of a browser";

/** Measures of a held-out evaluation, and their names for people. */
const MEASURES: readonly [measure: string, name: string][] = [
  ['pass@1', 'pass@1'],
  ['code_reasoning', 'code reasoning'],
  ['test_output', 'test output'],
  ['trace_exact', 'trace, all right'],
];

const OWN_WAYS: readonly [measure: string, name: string][] = [
  ['sampled_pass@1', 'one sample'],
  ['majority_pass@1', 'most frequent of 8'],
  ['verified_pass@1', 'self-verified of 8'],
  ['sampled_pass@8', 'any of 8 (bound)'],
];

/** The report, as far as the suite has come. */
export function reportBlocks(facts: ReportFacts): Block[] {
  const { results } = facts;
  return [
    heading(1, TITLE),
    ...opening(facts),
    heading(2, 'The claims'),
    ...claimBlocks(judgeClaims(results)),
    heading(2, 'What was run'),
    ...setup(facts),
    ...results.flatMap(experimentBlocks),
    heading(2, 'What it cost'),
    ...costs(results),
    heading(2, 'How to read the figures'),
    ...reading(facts.scale),
  ];
}

function opening({ command, device, builds, missing }: ReportFacts): Block[] {
  const blocks: Block[] = [
    text(
      'The paper ([arXiv 2510.18471](https://arxiv.org/abs/2510.18471)) trains models of 1.5 to 8 billion parameters for days on eight GPUs. Here a policy of a quarter of a million learns to write small array programs within minutes. The questions are the same: does execution-semantics alignment help to write programs, and what does it do to the skill of executing them? Made by',
    ),
    { kind: 'command', text: command },
    text(
      `on ${device ? `${device.backend} (${device.adapter})` : 'an unknown device'}, build ${builds.map((build) => `\`${build}\``).join(', ') || 'unknown'}. Every figure is folded from the files of the runs; \`cells.csv\` beside this report has a line for each of them.`,
    ),
  ];
  if (missing.runs > 0)
    blocks.push(
      text(`**Unfinished**: ${missing.runs} of ${missing.of} runs are missing; the same command goes on.`),
    );
  return blocks;
}

function claimBlocks(judged: readonly JudgedClaim[]): Block[] {
  const percent = (share: number) => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(0)}%`;
  return [
    text(
      'A claim holds where the 95% interval of the paired difference between runs of the same seed lies above zero, and does not where it lies below. The paper gives one run a method, in per cent.',
    ),
    table(
      ['claim', 'in the paper', 'difference here', 'relative', 'pairs', 'verdict'],
      judged.map(({ claim, difference, relative, seeds, verdict }) => [
        claim.text,
        claim.paper,
        difference ? formatEstimate(difference, true) : '',
        relative === undefined ? '' : percent(relative),
        String(seeds),
        verdict === 'not measured' ? verdict : `**${verdict}**`,
      ]),
    ),
  ];
}

function setup({ scale, seeds, tuning }: ReportFacts): Block[] {
  const { settings, batch } = scale;
  return [
    text(
      `Each arm was trained with ${seeds} seeds for ${settings.steps} steps (${{ ...settings, ...scale.long }.steps} on \`calibrated\`) of ${batch.train_batch_size} prompts x ${batch['rollout.n']} completions; "equal code prompts" adds alignment prompts to as many code prompts as GRPO has. Supervised arms see as many sequences a step as reinforcement learns from. Measures are greedy, on ${settings.eval_final_tasks} held-out tasks whose compositions no training sees.`,
    ),
    text(
      'The learning rate of each setting was chosen among as many candidates, by pass@1 on validation tasks (one seed that no experiment uses). The held-out tasks had no part in it. A choice at an edge of the candidates says that a finer search might find a better one.',
    ),
    table(
      ['setting', 'validation pass@1 by learning rate', 'chosen'],
      tuning.map(({ key, candidates, chosen }) => [
        `\`${key}\``,
        candidates
          .map(({ lr, passRate }) => `${formatNumber(lr)}: ${passRate?.toFixed(3) ?? 'not run'}`)
          .join(', '),
        chosen === undefined
          ? ''
          : `${formatNumber(chosen)}${isEdge(candidates, chosen) ? ' (an edge)' : ''}`,
      ]),
    ),
  ];
}

function isEdge(candidates: TuningResult['candidates'], chosen: number): boolean {
  return candidates.length > 1 && [candidates[0], candidates.at(-1)].some((one) => one!.lr === chosen);
}

function experimentBlocks(result: ExperimentResult): Block[] {
  const { experiment, arms, start } = result;
  const blocks: Block[] = [heading(2, experiment.title), text(experiment.asks)];
  const done = arms.filter(({ cells }) => cells.length > 0);
  if (done.length === 0) return [...blocks, text('Not run yet.')];
  const measures = MEASURES.filter(([measure]) => done.some((arm) => overSeeds(arm, measure)));
  if (start?.measures.truthful_comments && experiment.start === 'calibrated')
    measures.push(['truthful_comments', 'true comments']);
  blocks.push(measureTable(result, done, measures));
  blocks.push(...differenceBlocks(done, measures));
  const charts: [title: string, measure: string][] = [
    ['Held-out pass@1', 'pass@1'],
    ['Code reasoning', 'code_reasoning'],
    ...(experiment.start === 'calibrated'
      ? ([['Programs whose comments are all true', 'truthful_comments']] as [string, string][])
      : []),
  ];
  for (const [title, measure] of charts) {
    const chart = chartOf(title, measure, done, start?.measures[measure]?.value);
    if (chart) blocks.push({ kind: 'chart', chart });
  }
  return [
    ...blocks,
    ...forgetting(result, done),
    ...choosing(result, done),
    ...transitionBlocks(result, done),
    ...probeBlocks(result, done),
  ];
}

/** A cell of a table: an estimate, or nothing. */
const shown = (estimate: Estimate | undefined, signed = false) =>
  estimate ? formatEstimate(estimate, signed) : '';

function measureTable(
  { experiment, start }: ExperimentResult,
  arms: readonly ArmResult[],
  measures: readonly (readonly [string, string])[],
): Block {
  const withPaper = arms.some(({ arm }) => arm.key in PAPER);
  const paper = (key: string) => {
    const row = PAPER[key];
    return withPaper ? [row ? `${row.pass} / ${row.reasoning} / ${row.test}` : ''] : [];
  };
  const startKey = experiment.start === 'shipped' ? 'start' : '';
  const startRow = [
    'before training',
    '',
    ...paper(startKey),
    ...measures.map(([measure]) => shown(start?.measures[measure])),
  ];
  return table(
    [
      '',
      'seeds',
      ...(withPaper ? ['paper: pass@1 / reasoning / test output, %'] : []),
      ...measures.map(([, name]) => name),
    ],
    [
      ...(start ? [startRow] : []),
      ...arms.map((arm) => [
        arm.arm.label,
        String(arm.cells.length),
        ...paper(arm.arm.key),
        ...measures.map(([measure]) => shown(overSeeds(arm, measure))),
      ]),
    ],
  );
}

function differenceBlocks(
  arms: readonly ArmResult[],
  measures: readonly (readonly [string, string])[],
): Block[] {
  const [first, ...others] = arms;
  if (!first || others.length === 0) return [];
  const rows = others.map((arm) => [
    arm.arm.label,
    ...measures.map(([measure]) =>
      shown(pairedDifference(arm, first, (cell) => measured(cell, measure))?.estimate, true),
    ),
    shown(bootstrapDifference(arm, first), true),
  ]);
  return [
    text(
      `Differences from ${first.arm.label}, run by run of the same seed (95% paired t-interval; * where it does not hold zero); last, pass@1 with a bootstrap interval over seeds and tasks.`,
    ),
    table(['', ...measures.map(([, name]) => name), 'pass@1, bootstrap'], rows),
  ];
}

/** What each way to train does to execution, which none of them was asked to forget. */
function forgetting({ start }: ExperimentResult, arms: readonly ArmResult[]): Block[] {
  const before = start?.measures.code_reasoning?.value;
  if (before === undefined) return [];
  const changes = arms.flatMap((arm) => {
    const after = overSeeds(arm, 'code_reasoning');
    if (!after) return [];
    const { value, low, high } = after;
    const change = formatEstimate(
      { ...after, value: value - before, low: low - before, high: high - before },
      true,
    );
    return [`${arm.arm.label}: ${change}`];
  });
  return [
    text('Change of code reasoning from before training (what is kept, learned or forgotten of execution):'),
    { kind: 'list', items: changes },
  ];
}

function choosing({ start }: ExperimentResult, arms: readonly ArmResult[]): Block[] {
  const found = OWN_WAYS.filter(([measure]) => arms.some((arm) => overSeeds(arm, measure)));
  if (found.length === 0) return [];
  return [
    text(
      'Choosing among 8 samples without running them. Self-verified: the policy predicts what each of its programs returns for the inputs of the visible tests, and the program is taken whose predictions agree with the expected outputs.',
    ),
    table(
      ['', 'greedy', ...found.map(([, name]) => name)],
      [
        ...(start
          ? [
              [
                'before training',
                shown(start.measures['pass@1']),
                ...found.map(([measure]) => shown(start.measures[measure])),
              ],
            ]
          : []),
        ...arms.map((arm) => [
          arm.arm.label,
          shown(overSeeds(arm, 'pass@1')),
          ...found.map(([measure]) => shown(overSeeds(arm, measure))),
        ]),
      ],
    ),
  ];
}

function transitionBlocks({ start }: ExperimentResult, arms: readonly ArmResult[]): Block[] {
  const found = arms.flatMap((arm) => {
    const moved = transitions(start, arm);
    return moved ? [{ label: arm.arm.label, moved }] : [];
  });
  if (found.length === 0) return [];
  const verdicts = [
    ...new Set(found.flatMap(({ moved }) => [...Object.keys(moved.gained), ...Object.keys(moved.lost)])),
  ].sort();
  const count = (value: number | undefined) => (value ?? 0).toFixed(1);
  return [
    text(
      `Where the gained tasks come from: of ${found[0]!.moved.tasks} held-out tasks, how many pass that did not before, by their verdict before, and how many no longer pass, by their verdict after (means over seeds).`,
    ),
    table(
      [
        '',
        ...verdicts.map((verdict) => `${verdict} -> pass`),
        ...verdicts.map((verdict) => `pass -> ${verdict}`),
      ],
      found.map(({ label, moved }) => [
        label,
        ...verdicts.map((verdict) => count(moved.gained[verdict])),
        ...verdicts.map((verdict) => count(moved.lost[verdict])),
      ]),
    ),
  ];
}

function probeBlocks({ start }: ExperimentResult, arms: readonly ArmResult[]): Block[] {
  const layers = Object.keys(arms[0]?.cells[0]?.evaluations.after?.measures ?? {}).filter((name) =>
    name.startsWith('probe_mse/'),
  );
  if (layers.length === 0) return [];
  return [
    text(
      "The paper's probe: how well a linear map reads the final values of variables from the hidden states of each layer, for the policy's own programs (mean squared error on values scaled to -1..1, lower is better; layer 0 is the embeddings).",
    ),
    table(
      ['', ...layers.map((name) => name.slice('probe_mse/'.length).replace('_', ' '))],
      [
        ...(start ? [['before training', ...layers.map((name) => shown(start.measures[name]))]] : []),
        ...arms.map((arm) => [arm.arm.label, ...layers.map((name) => shown(overSeeds(arm, name)))]),
      ],
    ),
  ];
}

function costs(results: readonly ExperimentResult[]): Block[] {
  const million = (tokens: number) => (tokens / 1e6).toFixed(2);
  // An arm that another experiment is compared with counts once.
  const arms = new Map(results.flatMap((one) => one.arms).map((one) => [one.arm.key, one]));
  const rows = [...arms.values()].flatMap(({ arm, cells }) => {
    if (cells.length === 0) return [];
    const all = cells.map(costOf);
    const minutes = all.flatMap((one) => one.minutes ?? []);
    return [
      [
        `\`${arm.key}\``,
        million(mean(all.map(({ sampled }) => sampled))),
        million(mean(all.map(({ trained }) => trained))),
        minutes.length > 0 ? mean(minutes).toFixed(1) : '',
      ],
    ];
  });
  return [
    text(
      'Per run, means over seeds: tokens sampled in training and tokens learned from, in millions; minutes of wall clock with all evaluations, while other runs shared the machine.',
    ),
    table(['arm', 'sampled, M', 'learned from, M', 'minutes'], rows),
  ];
}

function reading({ settings }: Scale): Block[] {
  return [
    {
      kind: 'list',
      items: [
        'Intervals of arms are 95% t-intervals over seeds, those of the policy before training Wilson or bootstrap intervals over tasks. Seeds share held-out tasks, so differences between paired runs are known better than the values themselves.',
        `Curves begin with the policy before training. Evaluations during training are on the first ${settings.eval_tasks} of the held-out tasks, those before and after on all.`,
        'Nothing is corrected for the number of comparisons: of twenty claims without any truth, one would come out beyond its interval.',
        'All runs of an experiment start from one policy: another starting policy may behave differently.',
        "The probe's error is a mean of squares that some values far outside the range of their problem's training inputs dominate, hence its wide intervals.",
        'Code reasoning: the output of a reference program for an input. Test output: the same from the description alone. Trace, all right: output and all variables. Definitions: `src/evaluation/`.',
      ],
    },
  ];
}
