import { CODE } from '../../rl/code_source.ts';
import type { StepMetrics } from '../../runs/events.ts';
import type { NamedEvaluation } from '../state/run.ts';

/** What a curve means, in words. `trouble` wants something done, `watch` an eye, `fine` is no failure though it may look so. */
export interface HealthNote {
  id: string;
  level: 'trouble' | 'watch' | 'fine';
  title: string;
  text: string;
}

/** Steps that are averaged, so that one odd step is no alarm. */
const WINDOW = 10;
/** Fewer say nothing yet. */
const MIN_STEPS = 5;

/** What the newest steps of a run mean, the gravest first. */
export function healthNotes(
  metrics: readonly StepMetrics[],
  evaluations: readonly NamedEvaluation[] = [],
): HealthNote[] {
  if (metrics.length < MIN_STEPS) return [];
  const recent = (name: string) => mean(metrics.slice(-WINDOW).map((row) => row[name]));
  const first = (name: string) => mean(metrics.slice(0, MIN_STEPS).map((row) => row[name]));
  const notes: HealthNote[] = [];
  const add = (id: string, level: HealthNote['level'], title: string, text: string) =>
    notes.push({ id, level, title, text });

  const equal = recent('frac_reward_zero_std');
  if (equal > 0.9) {
    add(
      'equal',
      'trouble',
      'Almost all groups are equal',
      `In ${percent(equal)} of the groups all completions earned the same, so there is nothing to learn from. Choose harder or easier tasks, a higher rollout.temperature, or a larger rollout.n.`,
    );
  } else if (equal > 0.6) {
    add(
      'equal',
      'watch',
      'Many groups are equal',
      `In ${percent(equal)} of the groups all completions earned the same; only the others teach. A larger rollout.n finds more differences.`,
    );
  }
  const entropy = recent('entropy');
  const startEntropy = first('entropy');
  if (entropy < 0.02 || (entropy < 0.2 * startEntropy && entropy < 0.1)) {
    add(
      'entropy',
      'trouble',
      'The entropy has collapsed',
      `The policy is down to ${entropy.toFixed(3)} nats per token (it began at ${startEntropy.toFixed(3)}): it writes nearly the same each time and finds nothing new. Lower lr, or give entropy_coeff a small value such as 0.001.`,
    );
  }
  const cut = recent('completions/clipped_ratio');
  if (cut > 0.2) {
    add(
      'cut',
      'trouble',
      'Many answers are cut off',
      `${percent(cut)} of the completions reach the longest allowed length and earn nothing. Raise rollout.max_new_tokens, or look at a group: the policy may repeat itself.`,
    );
  }
  const kl = recent('ppo_kl');
  if (kl > 0.1) {
    add(
      'kl',
      'trouble',
      'The steps are too large',
      `One update moves the policy by ${kl.toFixed(3)} nats per token; healthy runs stay below 0.02. Lower lr or ppo_epochs.`,
    );
  }
  const difference = recent('sampling/sampling_logp_difference/max');
  if (difference > 0.1) {
    add(
      'sampler',
      'trouble',
      'Sampling and training disagree',
      `The same token has log-probabilities ${difference.toFixed(2)} nats apart in sampling and in training. Both should be the same policy: please report it, with the device.`,
    );
  }
  const skipped = recent('skipped_updates');
  if (skipped > 0) {
    add(
      'skipped',
      'trouble',
      'Updates were left out',
      'The gradient was not finite, so the update was skipped. Lower lr.',
    );
  }
  const reward = recent(`rewards/${CODE}/mean`);
  if (reward === 0) {
    add(
      'reward',
      'trouble',
      'No program passes',
      'Without any reward there is nothing to learn from. The starting policy may not know these tasks: train it on them first with method sft.',
    );
  }
  const fall = passFall(evaluations);
  if (fall) {
    add(
      'fall',
      'watch',
      'Held-out pass@1 has fallen',
      `It was ${fall.best.toFixed(3)} and is ${fall.now.toFixed(3)} now, and the intervals do not overlap. The policy may fit the training tasks alone; stop earlier or lower lr.`,
    );
  }
  const loss = recent('loss');
  if (Math.abs(loss) < 0.05 && metrics.some((row) => 'frac_reward_zero_std' in row)) {
    add(
      'loss',
      'fine',
      'A loss near 0 is no failure',
      'Advantages in a group add up to 0, so the loss of GRPO starts near 0 and stays there. Read the reward and held-out pass@1 instead.',
    );
  }
  return notes.sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}

const ORDER: HealthNote['level'][] = ['trouble', 'watch', 'fine'];

const percent = (share: number) => `${Math.round(100 * share)}%`;

/** Mean of the finite values; NaN, which no threshold exceeds, where there is none. */
function mean(values: readonly (number | undefined)[]): number {
  const finite = values.filter((value): value is number => Number.isFinite(value));
  return finite.reduce((a, b) => a + b, 0) / finite.length;
}

/** The best and the newest pass@1, where the newest is surely lower. */
function passFall(evaluations: readonly NamedEvaluation[]): { best: number; now: number } | undefined {
  const passes = evaluations.flatMap(({ measures }) => measures['pass@1'] ?? []);
  const now = passes.at(-1);
  const best = passes.reduce((a, b) => (b.value > a.value ? b : a), passes[0]);
  return now && best && now.high < best.low ? { best: best.value, now: now.value } : undefined;
}
