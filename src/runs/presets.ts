import type { Config, METHODS } from './config.ts';

export type Method = (typeof METHODS)[number];

/** Where a method wants another default than the one in `OPTIONS`. */
export const METHOD_DEFAULTS: Record<Method, Partial<Config>> = {
  sft: {
    steps: 3000,
    families: 'pipelines,counters,narrated',
    lr: 2e-3,
    lr_warmup_steps: 50,
    eval_every: 25,
  },
  grpo: {},
  coderl_plus: {},
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
  grpo: { steps: 20, eval_every: 10, eval_tasks: 100, eval_final_tasks: 200 },
  coderl_plus: { steps: 20, eval_every: 10, eval_tasks: 100, eval_final_tasks: 200 },
};

/** The page: learning that can be seen within two minutes on two cores, so fewer steps and smaller evaluations. */
export const LAB: Record<Method, Partial<Config>> = {
  sft: { eval_tasks: 100, eval_final_tasks: 200 },
  grpo: { steps: 100, lr: 2e-4, eval_every: 10, eval_tasks: 100, eval_final_tasks: 200 },
  coderl_plus: { steps: 100, lr: 2e-4, eval_every: 10, eval_tasks: 100, eval_final_tasks: 200 },
};
