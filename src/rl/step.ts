import type * as tf from '@tensorflow/tfjs-core';
import type { Policy } from '../policy/policy.ts';
import { type Sampled, sample } from '../policy/sampler.ts';
import type { Tokenizer } from '../policy/tokenizer.ts';
import { groupAdvantages, isConstant } from './advantages.ts';
import type { Optimizer } from './optimizer.ts';
import type { Completion, Prompt, Rollout, Share } from './types.ts';
import { type Experience, type UpdateOptions, updatePolicy } from './update.ts';

/** Options of a training step, by verl's names. */
export interface StepOptions extends UpdateOptions {
  seed: number;
  train_batch_size: number;
  'rollout.n': number;
  'rollout.temperature': number;
  'rollout.top_p': number;
  norm_adv_by_std_in_grpo: boolean;
  lr: number;
  lr_warmup_steps: number;
}

/** Everything that a step changes or reads. */
export interface Learner {
  policy: Policy;
  tokenizer: Tokenizer;
  optimizer: Optimizer;
  shares: Share[];
  /** Parameters for the KL penalty. */
  reference?: tf.Tensor1D;
}

/** A finished step. Names of metrics are TRL's; those of wall-clock end in `_time` or `_per_second`. */
export interface StepResult {
  metrics: Record<string, number>;
  groups: Rollout[][];
}

/** One step: draw, sample, grade, advantages, update, observe. `step` counts from 1. */
export async function trainingStep(
  learner: Learner,
  step: number,
  options: StepOptions,
): Promise<StepResult> {
  const clock = performance.now();
  const groups: Rollout[][] = [];
  const times = { sampling: 0, grading: 0 };
  for (const { prompts, share, index } of drawBatch(learner.shares, step, options.train_batch_size)) {
    const start = performance.now();
    const completions = await complete(learner, prompts, share, step, index, options);
    const sampledAt = performance.now();
    const grades = await share.source.grade(prompts, completions);
    times.sampling += sampledAt - start;
    times.grading += performance.now() - sampledAt;
    prompts.forEach((prompt, i) => {
      const rewards = grades[i].map((grade) => grade.reward);
      const advantages = groupAdvantages(rewards, options.norm_adv_by_std_in_grpo);
      groups.push(
        completions[i].map((completion, j) => ({
          prompt,
          completion,
          grade: grades[i][j],
          advantage: advantages[j],
        })),
      );
    });
  }
  const updateStart = performance.now();
  const warmup = (update: number) => {
    const done = (step - 1) * options.ppo_mini_batches * options.ppo_epochs + update + 1;
    return options.lr * Math.min(1, done / Math.max(1, options.lr_warmup_steps));
  };
  const experience = groups.map((group) => group.map(toExperience));
  const update = await updatePolicy(
    learner.policy,
    learner.optimizer,
    experience,
    warmup,
    options,
    { seed: options.seed, step },
    learner.reference,
  );
  const updated = performance.now();
  const observed: Record<string, number> = {};
  for (const { source } of learner.shares) Object.assign(observed, await source.observe(step, groups));
  const seconds = (performance.now() - clock) / 1000;
  const sampled = groups.flat().reduce((sum, { completion }) => sum + completion.tokens.length, 0);
  const programs = groups.flat().filter(({ grade }) => grade.verdict !== undefined).length;
  return {
    groups,
    metrics: {
      ...rolloutMetrics(groups, learner.shares),
      ...update,
      ...observed,
      learning_rate: warmup(0),
      step_time: seconds,
      sampling_time: times.sampling / 1000,
      grading_time: times.grading / 1000,
      update_time: (updated - updateStart) / 1000,
      tokens_per_second: (sampled + update.trained_tokens) / seconds,
      sampled_tokens_per_second: sampled / Math.max(1e-9, times.sampling / 1000),
      programs_per_second: programs / Math.max(1e-9, times.grading / 1000),
    },
  };
}

/** Prompts of each source: its share of the batch, or what it has; the last source fills up. */
function drawBatch(shares: readonly Share[], step: number, size: number) {
  let left = size;
  return shares
    .map((share, index) => {
      const wanted = index === shares.length - 1 ? left : Math.min(left, Math.floor(size * share.ratio));
      const prompts = wanted > 0 ? share.source.draw(step, wanted) : [];
      left -= prompts.length;
      return { prompts, share, index };
    })
    .filter(({ prompts }) => prompts.length > 0);
}

async function complete(
  learner: Learner,
  prompts: Prompt[],
  share: Share,
  step: number,
  index: number,
  options: StepOptions,
): Promise<Completion[][]> {
  const sampled = await sample(
    learner.policy,
    prompts.map((prompt) => prompt.tokens),
    {
      n: options['rollout.n'],
      maxNewTokens: share.source.maxNewTokens,
      temperature: options['rollout.temperature'],
      topP: options['rollout.top_p'],
      eosId: learner.tokenizer.eosId,
      seed: options.seed,
      stream: step * learner.shares.length + index,
    },
  );
  return sampled.map((group) => group.map((one) => toCompletion(one, learner.tokenizer)));
}

/** A sampled completion with its text. */
export function toCompletion(sampled: Sampled, tokenizer: Tokenizer): Completion {
  const { tokens, terminated } = sampled;
  return { ...sampled, text: tokenizer.decode(terminated ? tokens.slice(0, -1) : tokens) };
}

function toExperience({ prompt, completion, advantage }: Rollout): Experience {
  return {
    prompt: prompt.tokens,
    completion: completion.tokens,
    oldLogProbs: completion.logProbs,
    advantage,
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
