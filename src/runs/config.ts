import { ADV_ESTIMATORS } from '../rl/advantages.ts';
import { KL_ESTIMATORS } from '../rl/kl.ts';
import { LOSS_AGG_MODES, LOSS_MODES } from '../rl/loss_modes.ts';

/** Reinforcement-learning algorithms: presets of the options below, each also a method of its own. */
export const ALGORITHMS = ['grpo', 'dr_grpo', 'dapo', 'gspo', 'rloo', 'reinforce_plus_plus', 'ppo'] as const;
export const METHODS = ['sft', ...ALGORITHMS, 'coderl_plus'] as const;
export const DEVICES = ['auto', 'webgpu', 'wasm'] as const;

/**
 * One entry of the configuration: the single source of flags, URL keys, page controls and validation.
 * Names are verl's where verl has the option.
 */
export interface Option<T> {
  default: T;
  /** A short explanation for people. */
  help: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
  integer?: boolean;
}

const number = (value: number, help: string, limits: Partial<Option<number>> = {}): Option<number> => ({
  default: value,
  help,
  ...limits,
});
const integer = (value: number, help: string, min = 0, max = 1e9): Option<number> =>
  number(value, help, { integer: true, min, max });
const flag = (value: boolean, help: string): Option<boolean> => ({ default: value, help });
const choice = <T extends string>(value: T, choices: readonly T[], help: string): Option<T> => ({
  default: value,
  choices,
  help,
});
const text = (value: string, help: string): Option<string> => ({ default: value, help });

export const OPTIONS = {
  method: choice(
    'coderl_plus',
    METHODS,
    'how to train: supervised, by reinforcement from tests, or that with execution-semantics alignment',
  ),
  algorithm: choice(
    'grpo',
    ALGORITHMS,
    'the reinforcement learning under coderl_plus; the other methods name their own',
  ),
  steps: integer(300, 'number of training steps', 1),
  seed: integer(0, 'fixes every random choice'),
  device: choice('auto', DEVICES, 'auto takes a hardware WebGPU adapter where there is one, else wasm'),

  families: text('pipelines', 'task families to train and evaluate on, comma separated'),
  train_batch_size: integer(64, 'prompts a step, of all sources together', 1, 4096),
  'rollout.n': integer(8, 'completions a prompt (the group)', 1, 256),
  'rollout.temperature': number(1, 'sampling temperature', { min: 0.01, max: 10 }),
  'rollout.top_p': number(1, 'nucleus sampling threshold', { min: 0.01, max: 1 }),
  'rollout.max_new_tokens': integer(64, 'longest completion, in tokens', 1, 512),

  'filter_groups.enable': flag(false, 'sample on until enough groups teach something (dynamic sampling)'),
  'filter_groups.metric': choice(
    'acc',
    ['acc', 'reward'] as const,
    'a group teaches when its completions differ in this',
  ),
  'filter_groups.max_num_gen_batches': integer(4, 'rounds of sampling a step, at most', 1, 100),
  'overlong_buffer.enable': flag(false, 'take from the reward of completions that come close to the limit'),
  'overlong_buffer.len': integer(16, 'tokens before the limit at which that starts', 1, 512),
  'overlong_buffer.penalty_factor': number(1, 'what a completion at the limit loses', { min: 0, max: 10 }),
  mask_truncated_completions: flag(false, 'do not learn from completions that were cut at the limit'),

  adv_estimator: choice('grpo', ADV_ESTIMATORS, 'how rewards become advantages'),
  norm_adv_by_std_in_grpo: flag(true, 'divide group advantages by the group standard deviation'),
  gamma: number(1, 'discount of later rewards within a completion', { min: 0, max: 1 }),
  lam: number(1, 'lambda of generalised advantage estimation', { min: 0, max: 1 }),
  whiten_scope: choice(
    'batch',
    ['batch', 'task'] as const,
    'advantages are whitened over the whole batch, or over the prompts of each source',
  ),
  use_kl_in_reward: flag(false, 'take the KL to the starting policy from the reward of each token'),
  kl_penalty: choice('k1', KL_ESTIMATORS, 'estimator of that KL'),
  'kl_ctrl.kl_coef': number(0.001, 'weight of that KL', { min: 0, max: 10 }),
  'critic.lr': number(1e-3, 'learning rate of the critic (adv_estimator=gae)', { min: 0, max: 1 }),
  'critic.ppo_epochs': integer(4, 'updates of the critic a step', 1, 64),
  cliprange_value: number(0.5, 'how far an update may move a value', { min: 0, max: 100 }),

  lr: number(1e-4, 'AdamW learning rate', { min: 0, max: 1 }),
  lr_warmup_steps: integer(10, 'optimizer steps over which the learning rate rises to `lr`'),
  weight_decay: number(0.01, 'AdamW decoupled weight decay', { min: 0, max: 1 }),
  beta1: number(0.9, 'AdamW first-moment decay', { min: 0, max: 0.9999 }),
  beta2: number(0.99, 'AdamW second-moment decay', { min: 0, max: 0.99999 }),
  grad_clip: number(1, 'largest global gradient norm', { min: 1e-6, max: 1e6 }),
  ppo_mini_batches: integer(2, 'mini-batches (optimizer steps) a batch', 1, 64),
  ppo_epochs: integer(1, 'passes over each batch', 1, 16),
  'policy_loss.loss_mode': choice(
    'vanilla',
    LOSS_MODES,
    'PPO with dual clip, the same with one ratio a completion (gspo), or clipped weights (cispo)',
  ),
  clip_ratio_low: number(0.2, 'lower clip of the probability ratio', { min: 0, max: 1 }),
  clip_ratio_high: number(0.2, 'upper clip of the probability ratio', { min: 0, max: 10 }),
  clip_ratio_c: number(3, 'dual clip: bound on the loss of negative advantages', { min: 1, max: 100 }),
  loss_agg_mode: choice('token-mean', LOSS_AGG_MODES, 'how token losses become one loss'),
  use_kl_loss: flag(false, 'add a KL penalty to the starting policy'),
  kl_loss_coef: number(0.001, 'weight of the KL penalty', { min: 0, max: 10 }),
  kl_loss_type: choice('k3', KL_ESTIMATORS, 'its estimator: log-ratio, half its square, or low variance'),
  entropy_coeff: number(0, 'weight of the entropy bonus', { min: 0, max: 10 }),

  align_ratio: number(0.4, 'share of alignment prompts in a CodeRL+ batch', { min: 0, max: 1 }),
  align_rollouts: choice(
    'failed',
    ['failed', 'all', 'passed'] as const,
    'which of its own programs the policy is asked about',
  ),
  align_set: choice(
    'on_policy',
    ['on_policy', 'prebuilt'] as const,
    'programs of the step before, or a fixed set that the starting policy wrote',
  ),
  align_prebuilt_batches: integer(8, 'batches that the starting policy writes for the fixed set', 1, 1000),
  align_target: choice(
    'variables',
    ['variables', 'output_only', 'trajectory'] as const,
    'what is asked for besides the output: final values, nothing, or every value in order',
  ),
  align_max_definitions: integer(8, 'values asked for with align_target=trajectory, the last ones', 1, 64),
  align_truth: choice(
    'true',
    ['true', 'shuffled'] as const,
    "the true values, or as a control those of other programs' questions",
  ),
  align_learning: choice(
    'reinforcement',
    ['reinforcement', 'supervised'] as const,
    'learn from the rewards of sampled answers, or as a control from the right answers',
  ),
  align_reward: choice(
    'released',
    ['paper', 'released'] as const,
    'paper: share of variables right; released code: 0.1 for the format + 0.9 x share of output and variables right',
  ),
  align_input: choice(
    'failing',
    ['first', 'failing'] as const,
    "the question's input: the task's first test, or the first one that the program failed",
  ),
  align_max_variables: integer(4, 'variables asked for in one question, the last declared ones', 1, 8),
  align_value: choice(
    'last_definition',
    ['last_definition', 'end_of_program'] as const,
    "a variable's true value: at its last definition, or when the program returns",
  ),
  align_max_prompt_tokens: integer(128, 'longer alignment questions are dropped', 8, 4096),
  align_max_new_tokens: integer(64, 'longest alignment answer, in tokens', 1, 512),

  'sft.execution_steps': integer(
    1600,
    'supervised steps on execution alone (program, input -> values), before descriptions',
  ),
  'sft.code_lr': number(1e-3, 'peak learning rate after the execution phase', { min: 0, max: 1 }),
  'sft.code_share': number(0.7, 'share of (description -> program) examples after the execution phase', {
    min: 0,
    max: 1,
  }),
  'sft.output_share': number(0.05, 'share of (description, input -> output) examples there', {
    min: 0,
    max: 1,
  }),
  'sft.stop_at_pass@1': number(
    0.3,
    'stop supervised training at this greedy pass@1 on the first family, on tasks that RL learns from',
    { min: 0, max: 1 },
  ),

  'policy.hidden_size': integer(64, 'width of a new policy', 16, 1024),
  'policy.intermediate_size': integer(192, 'width of its SwiGLU', 4, 4096),
  'policy.num_hidden_layers': integer(4, 'its layers', 1, 32),
  'policy.num_attention_heads': integer(4, 'its attention heads', 1, 32),

  eval_every: integer(20, 'steps between evaluations during training (0: none)'),
  eval_before: flag(true, 'evaluate the starting policy, too'),
  eval_split: choice(
    'heldout',
    ['heldout', 'validation'] as const,
    'tasks to evaluate on; choose settings on validation, and report on heldout once',
  ),
  eval_tasks: integer(300, 'held-out tasks in evaluations during training', 1, 100000),
  eval_final_tasks: integer(1000, 'held-out tasks in the evaluations before and after', 1, 100000),
  eval_probe: flag(
    false,
    'before and after, probe the hidden states of each layer for the final values of variables',
  ),
  eval_samples: integer(0, 'samples a task for pass@k (0: greedy only)', 0, 256),
  eval_verify: flag(
    false,
    'with eval_samples: let the policy choose among its samples by the outputs that it predicts for visible tests',
  ),

  checkpoint_every: integer(10, 'steps between checkpoints (0: only on pause and at the end)'),
  checkpoint_keep: integer(2, 'checkpoints kept of a run, the latest ones', 1, 1000),

  threads: integer(
    0,
    'threads that compute on wasm (0: what suits the machine); results do not depend on it, and a page that is not cross-origin isolated has one',
    0,
    64,
  ),
} as const;

export type OptionName = keyof typeof OPTIONS;
export type Config = { -readonly [K in OptionName]: (typeof OPTIONS)[K]['default'] };
