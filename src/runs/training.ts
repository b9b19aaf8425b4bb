import * as tf from '@tensorflow/tfjs-core';
import { evaluatePolicy, greedyPassRate } from '../evaluation/evaluate.ts';
import { sharesOf } from '../methods/method.ts';
import { supervisedBatch, supervisedLearningRate } from '../methods/sft.ts';
import { loadCheckpoint, type PolicyFiles, saveCheckpoint } from '../policy/checkpoint.ts';
import { defaultPolicyConfig, type PolicyConfig } from '../policy/config.ts';
import { createPolicy, disposePolicy, initialWeights, type Policy } from '../policy/policy.ts';
import { createTokenizer, type Tokenizer } from '../policy/tokenizer.ts';
import { isConstant } from '../rl/advantages.ts';
import { CODE, type CodeItem } from '../rl/code_source.ts';
import { createCritic, disposeCritic } from '../rl/critic.ts';
import { logProbsOf } from '../rl/log_probs.ts';
import { createOptimizer, disposeOptimizer, type Optimizer } from '../rl/optimizer.ts';
import { type Learner, trainingStep } from '../rl/step.ts';
import { supervisedUpdate } from '../rl/supervised.ts';
import type { Rollout } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import type { AlignmentItem } from '../semantics/item.ts';
import { ALIGNMENT } from '../semantics/source.ts';
import type { Task } from '../tasks/types.ts';
import type { DeviceInfo } from '../tensor/device.ts';
import { memoryBytes } from '../tensor/memory.ts';
import type { Config, OptionName } from './config.ts';
import type { LiveRun, RunControl } from './control.ts';
import type { Evaluation, GroupDetail, LogProbsAnswer, RolloutRecord, RunEvent } from './events.ts';
import { modelCard } from './model_card.ts';
import { type TaskSuite, taskSuite } from './tasks.ts';

/** Updates that may be skipped in a row (gradient not finite) before the run gives up. */
const MAX_SKIPPED = 3;

/** Steps without any reward for a program after which the run says so. */
const PATIENCE = 5;

/** Everything that a run works with. */
interface Run {
  config: Config;
  policy: Policy;
  tokenizer: Tokenizer;
  sandbox: Sandbox;
  suite: TaskSuite;
  emit: (event: RunEvent) => void;
}

/** One step of a method: what it measured, and the rollouts if it has any. */
type Step = (step: number) => Promise<{ metrics: Record<string, number>; groups: Rollout[][] }>;

/** What a run starts from; the tfjs backend is the current one. */
export interface RunInputs {
  config: Config;
  /** The starting policy; empty for fresh weights (`sft` only). */
  files: PolicyFiles;
  /** The user's own tasks (JSONL text), when given. */
  tasks?: string;
  device: DeviceInfo;
  sandbox: Sandbox;
  emit: (event: RunEvent) => void;
}

/** Runs one training from start to end: evaluation, steps, evaluation, policy. */
export async function runTraining(inputs: RunInputs, control: RunControl): Promise<void> {
  const { config, emit } = inputs;
  const clock = performance.now();
  const run = startRun(inputs);
  try {
    emit({ type: 'status', message: 'evaluating the starting policy' });
    const before = await evaluate(run, 0, config.eval_final_tasks);
    emit({ type: 'evaluation', name: 'before', evaluation: before });
    emit({ type: 'vocabulary', texts: vocabularyOf(run.tokenizer) });
    const { steps, tokens, stopped } = await loop(run, control).finally(() => control.end());
    emit({ type: 'status', message: 'evaluating the trained policy' });
    const after = await evaluate(run, steps, config.eval_final_tasks);
    emit({ type: 'evaluation', name: 'after', evaluation: after });
    const weights = (await run.policy.parameters.data()) as Float32Array;
    const seconds = (performance.now() - clock) / 1000;
    const shape = run.policy.config;
    const card = modelCard({
      config,
      shape,
      device: inputs.device,
      hasStart: Object.keys(inputs.files).length > 0,
      hasOwnTasks: inputs.tasks !== undefined,
      before,
      after,
      steps,
      tokens,
      seconds,
    });
    const files = saveCheckpoint(shape, weights, run.tokenizer);
    emit({ type: 'policy', files: { ...files, 'README.md': new TextEncoder().encode(card) } });
    emit({ type: 'done', steps, stopped });
  } finally {
    disposePolicy(run.policy);
  }
}

/** Evaluates a policy on held-out tasks. */
export async function runEvaluation(inputs: RunInputs): Promise<Evaluation> {
  const run = startRun(inputs);
  try {
    return await evaluate(run, 0, inputs.config.eval_final_tasks);
  } finally {
    disposePolicy(run.policy);
  }
}

function startRun({ config, files, tasks, sandbox, emit }: RunInputs): Run {
  const suite = taskSuite(config, tasks);
  const { shape, weights, tokenizer } = startingPolicy(config, files);
  checkLengths(config, shape);
  checkSupervised(config, tasks === undefined ? [] : suite.list('sft', Number.POSITIVE_INFINITY));
  return { config, policy: createPolicy(shape, weights), tokenizer, sandbox, suite, emit };
}

function startingPolicy(config: Config, files: PolicyFiles) {
  if (Object.keys(files).length > 0) {
    const { config: shape, weights, tokenizer } = loadCheckpoint(files);
    return { shape, weights, tokenizer };
  }
  if (config.method !== 'sft') {
    throw new Error(
      `runTraining(): method ${config.method} needs a starting policy, for random weights earn no reward; give --policy DIR, or make one with --method sft`,
    );
  }
  const tokenizer = createTokenizer();
  const shape: PolicyConfig = {
    ...defaultPolicyConfig(tokenizer.vocabSize),
    hidden_size: config['policy.hidden_size'],
    intermediate_size: config['policy.intermediate_size'],
    num_hidden_layers: config['policy.num_hidden_layers'],
    num_attention_heads: config['policy.num_attention_heads'],
  };
  return { shape, weights: initialWeights(shape, config.seed), tokenizer };
}

/** Refuses lengths for which the policy has no positions, before anything is computed. */
function checkLengths(config: Config, { max_position_embeddings: limit }: PolicyConfig): void {
  const needs: [OptionName, number][] = [
    ['rollout.max_new_tokens', config['rollout.max_new_tokens'] + 1],
    ['align_max_new_tokens', config.align_max_prompt_tokens + config.align_max_new_tokens],
  ];
  for (const [name, needed] of needs) {
    if (needed <= limit) continue;
    const prompt = name === 'align_max_new_tokens' ? ' with align_max_prompt_tokens' : ' with a prompt';
    throw new Error(
      `runTraining(): ${name}=${config[name]}${prompt} needs ${needed} positions, but the policy has ${limit}; lower it`,
    );
  }
}

/** Refuses what supervised training could not use, before anything is computed. */
function checkSupervised(config: Config, own: readonly Task[]): void {
  if (config.method !== 'sft') return;
  const bare = own.find((task) => task.reference === undefined);
  if (bare) {
    throw new Error(
      `runTraining(): supervised training needs reference solutions, but the task "${bare.description}" has none; add "reference" to its line`,
    );
  }
  const shares = config['sft.code_share'] + config['sft.output_share'];
  if (shares > 1) {
    throw new Error(
      `runTraining(): sft.code_share + sft.output_share is ${shares}, but shares end at 1; lower one`,
    );
  }
}

/** The steps of a run; returns how many were made, the tokens that went through training, and whether it was stopped. */
async function loop(
  run: Run,
  control: RunControl,
): Promise<{ steps: number; tokens: number; stopped: boolean }> {
  const { config, emit } = run;
  const optimizer = createOptimizer(run.policy);
  const reference =
    config.method !== 'sft' && (config.use_kl_loss || config.use_kl_in_reward)
      ? tf.clone(run.policy.parameters)
      : undefined;
  const critic = config.adv_estimator === 'gae' ? createCritic(run.policy, config.seed) : undefined;
  const takeStep =
    config.method === 'sft'
      ? supervisedSteps(run, optimizer)
      : rewardSteps(run, { optimizer, reference, critic });
  let skipped = 0;
  let rewarded = false;
  let step = 0;
  let tokens = 0;
  try {
    while (step < config.steps) {
      if (!(await control.next({ ...run, step }))) return { steps: step, tokens, stopped: true };
      const { metrics, groups } = await takeStep(++step);
      tokens += metrics.trained_tokens;
      emit({
        type: 'step',
        metrics: { step, ...metrics, num_tokens: tokens, memory_bytes: memoryBytes() },
        totalSteps: config.steps,
      });
      if (groups.length > 0) {
        emit({ type: 'rollouts', records: recordsOf(step, groups) });
        emit({ type: 'groups', step, details: groups.map(detailOf) });
      }
      rewarded ||= (metrics[`rewards/${CODE}/mean`] ?? 1) > 0;
      if (step === PATIENCE && !rewarded) {
        const message = `no program has passed in ${PATIENCE} steps: the starting policy may not know these tasks; train it on them first with --method sft`;
        emit({ type: 'warning', message });
      }
      skipped = metrics.updates === 0 ? skipped + metrics.skipped_updates : 0;
      if (skipped >= MAX_SKIPPED) {
        throw new Error(
          `runTraining(): the gradient was not finite in ${skipped} updates in a row, at step ${step}; lower lr (now ${config.lr}) or check the starting policy`,
        );
      }
      if (isDue(step, config) && step < config.steps) {
        emit({
          type: 'evaluation',
          name: 'during',
          evaluation: await evaluate(run, step, config.eval_tasks),
        });
      }
      if (config.method === 'sft' && (await hasLearnedEnough(run, step))) break;
    }
  } finally {
    reference?.dispose();
    if (critic) disposeCritic(critic);
    disposeOptimizer(optimizer);
  }
  return { steps: step, tokens, stopped: false };
}

function isDue(step: number, config: Config): boolean {
  return config.eval_every > 0 && step % config.eval_every === 0;
}

function rewardSteps(run: Run, learning: Pick<Learner, 'optimizer' | 'reference' | 'critic'>): Step {
  const { config, policy, tokenizer, sandbox, suite } = run;
  const shares = sharesOf({ tasks: suite.stream('rl'), tokenizer, sandbox, config });
  const learner = { policy, tokenizer, shares, ...learning };
  return (step) => trainingStep(learner, step, config);
}

function supervisedSteps(run: Run, optimizer: Optimizer): Step {
  const { config, policy, tokenizer, sandbox, suite } = run;
  const tasks = suite.stream('sft');
  return async (step) => {
    const start = performance.now();
    const sequences = await supervisedBatch(step, tasks, tokenizer, sandbox, config);
    const lr = supervisedLearningRate(step, config);
    const update = await supervisedUpdate(policy, optimizer, sequences, lr, config);
    const seconds = (performance.now() - start) / 1000;
    const metrics = {
      ...update,
      learning_rate: lr,
      step_time: seconds,
      tokens_per_second: update.trained_tokens / seconds,
    };
    return { metrics, groups: [] };
  };
}

/** Whether supervised training has reached the wanted pass@1 on the first family, on tasks that RL will learn from, not held-out ones. */
async function hasLearnedEnough(run: Run, step: number): Promise<boolean> {
  const { config, suite } = run;
  if (!isDue(step, config) || step <= config['sft.execution_steps'] || step === config.steps) return false;
  const rate = await greedyPassRate(run, suite.list('rl', config.eval_tasks, true), config);
  return rate >= config['sft.stop_at_pass@1'];
}

async function evaluate(run: Run, step: number, count: number): Promise<Evaluation> {
  const start = performance.now();
  const measured = await measure(run, run.suite.list('heldout', count));
  return { step, ...measured, seconds: (performance.now() - start) / 1000 };
}

function measure({ policy, tokenizer, sandbox, config }: Run, tasks: Task[]) {
  return evaluatePolicy({ policy, tokenizer, sandbox }, tasks, config);
}

function recordsOf(step: number, groups: readonly Rollout[][]): RolloutRecord[] {
  return groups.flatMap((group, index) =>
    group.map(({ prompt, completion, grade, advantages }, sample) => ({
      step,
      source: prompt.source,
      group: index,
      sample,
      prompt_id: prompt.id,
      prompt: prompt.text,
      completion: completion.text,
      tokens: completion.tokens.length,
      terminated: completion.terminated,
      verdict: grade.verdict,
      reward: grade.reward,
      parts: grade.parts,
      advantage: meanAdvantage(advantages),
      detail: grade.detail,
    })),
  );
}

/** Estimators that judge whole completions give every token the same, which the mean must not round. */
function meanAdvantage(advantages: readonly number[]): number {
  if (isConstant(advantages)) return advantages[0] ?? 0;
  return advantages.reduce((a, b) => a + b, 0) / advantages.length;
}

function detailOf(group: readonly Rollout[], index: number): GroupDetail {
  const { prompt } = group[0];
  const detail: GroupDetail = {
    group: index,
    promptTokens: prompt.tokens,
    tokens: group.map(({ completion }) => completion.tokens),
    logProbs: group.map(({ completion }) => completion.logProbs),
    advantages: group.map(({ advantages }) => [...advantages]),
  };
  if (prompt.source === CODE) detail.task = (prompt.item as CodeItem).task;
  if (prompt.source === ALIGNMENT) detail.item = prompt.item as AlignmentItem;
  return detail;
}

function vocabularyOf(tokenizer: Tokenizer): string[] {
  return Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.decode([id]));
}

/** Log-probabilities of completions of one prompt under a live policy. */
export async function inspectLogProbs(
  { policy, step }: LiveRun,
  prompt: number[],
  completions: number[][],
): Promise<LogProbsAnswer> {
  const flat = await logProbsOf(
    policy,
    policy.parameters,
    completions.map((completion) => ({ prompt, completion })),
  );
  let at = 0;
  const logProbs = completions.map(({ length }) => Array.from(flat.subarray(at, (at += length))));
  return { step, logProbs };
}
