import type { Tokenizer } from '../policy/tokenizer.ts';
import { isConstant } from './advantages.ts';
import type { Sequence } from './batches.ts';
import { assignCredit, type CreditOptions, type Judged } from './credit.ts';
import { type GenerateOptions, generateBatch } from './generate.ts';
import type { Optimizer } from './optimizer.ts';
import { supervisedUpdate } from './supervised.ts';
import type { GradedGroup, Rollout, Share } from './types.ts';
import { type Experience, type UpdateOptions, updatePolicy } from './update.ts';

/** Options of a training step, by verl's names. */
export interface StepOptions extends GenerateOptions, CreditOptions, UpdateOptions {
  lr: number;
  lr_warmup_steps: number;
  mask_truncated_completions: boolean;
}

/** Everything that a step changes or reads. */
export interface Learner extends Judged {
  tokenizer: Tokenizer;
  optimizer: Optimizer;
  shares: Share[];
}

/** A finished step. Names of metrics are TRL's; those of wall-clock end in `_time` or `_per_second`. */
export interface StepResult {
  metrics: Record<string, number>;
  groups: Rollout[][];
}

/** Numbers the draws of rehearsals far above those of any step. */
const REHEARSAL_STREAM = 2 ** 22;

/** One step: draw, sample, grade, advantages, update, observe. `step` counts from 1. */
export async function trainingStep(
  learner: Learner,
  step: number,
  options: StepOptions,
): Promise<StepResult> {
  const clock = performance.now();
  const batch = await generateBatch(learner, step, options);
  const { rollouts, metrics: credit } = await assignCredit(learner, batch.kept, options);
  const updateStart = performance.now();
  const warmup = (update: number) => {
    const done = (step - 1) * options.ppo_mini_batches * options.ppo_epochs + update + 1;
    return options.lr * Math.min(1, done / Math.max(1, options.lr_warmup_steps));
  };
  const experience = rollouts.map((group) =>
    group
      .filter(({ completion }) => completion.terminated || !options.mask_truncated_completions)
      .map(toExperience),
  );
  const update = await updatePolicy(
    learner.policy,
    learner.optimizer,
    experience,
    warmup,
    options,
    { seed: options.seed, step },
    learner.reference,
  );
  const taught = await teach(learner, batch.taught, warmup(0), options);
  const updated = performance.now();
  const groups = everyGroup(batch.groups, batch.kept, rollouts);
  const observed: Record<string, number> = {};
  for (const { source } of learner.shares) Object.assign(observed, await source.observe(step, groups));
  const seconds = (performance.now() - clock) / 1000;
  const trained = update.trained_tokens + (taught['supervised/trained_tokens'] ?? 0);
  const sampled = groups.flat().reduce((sum, { completion }) => sum + completion.tokens.length, 0);
  const programs = groups.flat().filter(({ grade }) => grade.verdict !== undefined).length;
  return {
    groups,
    metrics: {
      ...rolloutMetrics(groups, learner.shares),
      ...(options['filter_groups.enable'] && {
        'filter_groups/kept': batch.kept.length,
        'filter_groups/num_gen_batches': batch.rounds,
      }),
      ...credit,
      ...update,
      ...taught,
      trained_tokens: trained,
      ...observed,
      learning_rate: warmup(0),
      step_time: seconds,
      sampling_time: batch.samplingTime / 1000,
      grading_time: batch.gradingTime / 1000,
      update_time: (updated - updateStart) / 1000,
      tokens_per_second: (sampled + trained) / seconds,
      sampled_tokens_per_second: sampled / Math.max(1e-9, batch.samplingTime / 1000),
      programs_per_second: programs / Math.max(1e-9, batch.gradingTime / 1000),
    },
  };
}

/**
 * Has the sources see what the starting policy writes, for those that want it: batches are sampled and graded as in a
 * step, but nothing is learned. Once, before the first step.
 */
export async function rehearse(learner: Learner, options: StepOptions): Promise<void> {
  const wanted = Math.max(0, ...learner.shares.map(({ source }) => source.rehearsals ?? 0));
  for (let batch = 0; batch < wanted; batch++) {
    // Step 0 and below; their draws must be those of no real step.
    const shares = learner.shares.filter(({ source }) => !source.rehearsals);
    const { groups } = await generateBatch({ ...learner, shares }, REHEARSAL_STREAM + batch, options);
    const rollouts = everyGroup(groups, [], []);
    for (const { source } of learner.shares) await source.observe(-batch, rollouts);
  }
}

/** One supervised update on what sources teach, as metrics of its own. */
async function teach(
  { policy, optimizer }: Learner,
  sequences: readonly Sequence[],
  lr: number,
  options: StepOptions,
): Promise<Record<string, number>> {
  if (sequences.length === 0) return {};
  const update = await supervisedUpdate(policy, optimizer, sequences, lr, options);
  return Object.fromEntries(
    Object.entries(update).map(([name, value]): [string, number] => [`supervised/${name}`, value]),
  );
}

/** All groups of the batch in order; those that were filtered out have no advantage. */
function everyGroup(
  groups: readonly GradedGroup[],
  kept: readonly GradedGroup[],
  rollouts: readonly Rollout[][],
): Rollout[][] {
  const learned = new Map(kept.map((group, i) => [group, rollouts[i]]));
  return groups.map(
    (group) =>
      learned.get(group) ??
      group.completions.map((completion, i) => ({
        prompt: group.prompt,
        completion,
        grade: group.grades[i],
        advantages: completion.tokens.map(() => 0),
      })),
  );
}

function toExperience({ prompt, completion, advantages }: Rollout): Experience {
  return {
    prompt: prompt.tokens,
    completion: completion.tokens,
    oldLogProbs: completion.logProbs,
    advantages,
  };
}

function rolloutMetrics(groups: readonly Rollout[][], shares: readonly Share[]): Record<string, number> {
  const all = groups.flat();
  const lengths = all.map(({ completion }) => completion.tokens.length);
  const metrics: Record<string, number> = {
    reward: average(all.map(({ grade }) => grade.reward)),
    reward_std: average(groups.map((group) => deviation(group.map(({ grade }) => grade.reward)))),
    frac_reward_zero_std: average(
      groups.map((group) => Number(isConstant(group.map(({ grade }) => grade.reward)))),
    ),
    'completions/mean_length': average(lengths),
    'completions/max_length': lengths.reduce((a, b) => Math.max(a, b), 0),
    'completions/clipped_ratio': average(all.map(({ completion }) => Number(!completion.terminated))),
  };
  for (const { source } of shares) {
    const own = groups.filter((group) => group[0].prompt.source === source.name);
    if (own.length === 0) continue;
    const rewards = own.flat().map(({ grade }) => grade.reward);
    metrics[`prompts/${source.name}`] = own.length;
    metrics[`rewards/${source.name}/mean`] = average(rewards);
    metrics[`rewards/${source.name}/std`] = deviation(rewards);
    metrics[`frac_reward_zero_std/${source.name}`] = average(
      own.map((group) => Number(isConstant(group.map(({ grade }) => grade.reward)))),
    );
  }
  return metrics;
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

function deviation(values: readonly number[]): number {
  const mean = average(values);
  return Math.sqrt(average(values.map((value) => (value - mean) ** 2)));
}
