/** One chart: lines of metrics of steps, or points of measures of evaluations. */
export interface CurveSpec {
  id: string;
  /** Names of metrics (every step) or measures (evaluations); see `terms.ts`. The first gives the title. */
  names: readonly string[];
  kind: 'metric' | 'measure';
  /** Name of the metric that is drawn as a band of its size above and below the first line. */
  spread?: string;
  /** Lowest and highest value of the axis, where they are known. */
  range?: readonly [number, number];
  /** Large charts stand first. */
  large?: boolean;
}

/** The charts of the page, the most important first. One without any value is not drawn. */
export const CURVES: readonly CurveSpec[] = [
  { id: 'reward', kind: 'metric', names: ['reward'], spread: 'reward_std', range: [0, 1], large: true },
  { id: 'pass', kind: 'measure', names: ['pass@1'], range: [0, 1], large: true },
  { id: 'code-reasoning', kind: 'measure', names: ['code_reasoning'], range: [0, 1] },
  { id: 'trace', kind: 'measure', names: ['trace_exact'], range: [0, 1] },
  { id: 'alignment', kind: 'metric', names: ['alignment/all_right'], range: [0, 1] },
  { id: 'zero', kind: 'metric', names: ['frac_reward_zero_std'], range: [0, 1] },
  { id: 'entropy', kind: 'metric', names: ['entropy'] },
  { id: 'kl', kind: 'metric', names: ['ppo_kl'] },
  { id: 'kl-start', kind: 'metric', names: ['kl'] },
  { id: 'clip', kind: 'metric', names: ['clip_ratio/high_mean'] },
  { id: 'length', kind: 'metric', names: ['completions/mean_length'] },
  { id: 'loss', kind: 'metric', names: ['loss'] },
  { id: 'norm', kind: 'metric', names: ['grad_norm'] },
  { id: 'tokens', kind: 'metric', names: ['tokens_per_second'] },
  { id: 'programs', kind: 'metric', names: ['programs_per_second'] },
];

/** The charts of runs that learn from examples alone: nothing earns a reward there, and the loss tells how it goes. */
export const SUPERVISED_CURVES: readonly CurveSpec[] = [
  ...CURVES.filter(({ id }) => id === 'loss').map((spec) => ({ ...spec, large: true })),
  ...CURVES.filter(({ id }) => id !== 'loss' && id !== 'reward'),
];
