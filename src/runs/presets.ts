import { ALGORITHMS, type Config, type METHODS } from './config.ts';

export type Method = (typeof METHODS)[number];
export type Algorithm = (typeof ALGORITHMS)[number];

/** What an algorithm is made of, where it is not plain GRPO; sources in `docs/algorithms.md`. */
export const ALGORITHM_PRESETS: Record<Algorithm, Partial<Config>> = {
  grpo: {},
  dr_grpo: { norm_adv_by_std_in_grpo: false, loss_agg_mode: 'seq-mean-token-sum-norm' },
  dapo: { clip_ratio_high: 0.28, 'filter_groups.enable': true, 'overlong_buffer.enable': true },
  gspo: {
    'policy_loss.loss_mode': 'gspo',
    loss_agg_mode: 'seq-mean-token-mean',
    clip_ratio_low: 3e-4,
    clip_ratio_high: 4e-4,
  },
  rloo: { adv_estimator: 'rloo', use_kl_in_reward: true },
  reinforce_plus_plus: { adv_estimator: 'reinforce_plus_plus', use_kl_in_reward: true },
  ppo: { adv_estimator: 'gae', lam: 0.95 },
};

/** The same settings for every method that learns from rewards. */
function forRl(settings: Partial<Config>): Record<Exclude<Method, 'sft'>, Partial<Config>> {
  const methods = [...ALGORITHMS, 'coderl_plus'] as const;
  return Object.fromEntries(methods.map((method) => [method, settings])) as Record<
    Exclude<Method, 'sft'>,
    Partial<Config>
  >;
}

/** Where a method wants another default than the one in `OPTIONS`. */
export const METHOD_DEFAULTS: Record<Method, Partial<Config>> = {
  sft: {
    steps: 3000,
    families: 'pipelines,counters,narrated',
    lr: 2e-3,
    lr_warmup_steps: 50,
    eval_every: 25,
  },
  ...forRl({}),
};

/** `--quick`: a run of about a minute on two cores, for tests and first looks. */
export const QUICK: Record<Method, Partial<Config>> = {
  sft: {
    steps: 60,
    lr_warmup_steps: 5,
    'sft.execution_steps': 40,
    eval_every: 20,
    eval_tasks: 50,
    eval_final_tasks: 100,
  },
  ...forRl({ steps: 20, eval_every: 10, eval_tasks: 100, eval_final_tasks: 200 }),
};

/** The page: learning that can be seen within two minutes on two cores, so fewer steps and smaller evaluations. */
export const LAB: Record<Method, Partial<Config>> = {
  sft: { eval_tasks: 100, eval_final_tasks: 200 },
  ...forRl({ steps: 80, lr: 2e-4, eval_every: 10, eval_tasks: 200, eval_final_tasks: 300 }),
};
