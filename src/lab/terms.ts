/** What a name means: a label, the unit of its numbers, and an explanation for a first-year student. */
export interface Term {
  label: string;
  /** `` where the number is a plain count or share. */
  unit: string;
  help: string;
}

const share = (label: string, help: string): Term => ({
  label,
  unit: '',
  help: `${help} A share from 0 to 1.`,
});

/** Metrics of a step and measures of an evaluation, by name; see `termOf` for names with a part of their own. */
const TERMS: Record<string, Term> = {
  step: { label: 'step', unit: '', help: 'One round: sample, run, grade, update. Counted from 1.' },
  reward: share('reward', 'Mean reward of all completions of the step: programs earn 1 when all tests pass.'),
  reward_std: {
    label: 'spread of rewards',
    unit: '',
    help: 'Standard deviation of the rewards inside a group, averaged over groups. Only differences inside a group teach.',
  },
  frac_reward_zero_std: share(
    'equal groups',
    'Groups whose completions all earned the same: all right or all wrong. They teach nothing in this step.',
  ),
  'pass@1': share(
    'held-out pass@1',
    'Held-out tasks, which are never trained on, that the policy solves at its first, most likely answer.',
  ),
  'visible_pass@1': share('visible pass@1', 'Held-out tasks whose visible tests pass.'),
  code_reasoning: share(
    'code reasoning',
    'Held-out programs whose output on an input the policy states rightly, without running them.',
  ),
  trace_exact: share(
    'trace: all right',
    'Held-out questions in which every variable and the output were stated rightly.',
  ),
  trace_fraction: share(
    'trace: variables right',
    'Variables of held-out questions that were stated rightly.',
  ),
  test_output: share(
    'test output',
    'Outputs stated rightly from the description and the input alone, without a program.',
  ),
  truthful_comments: share(
    'truthful comments',
    'Among programs that state values in comments, those whose statements are all true.',
  ),
  'alignment/all_right': share('alignment: all right', 'Alignment answers with every asked value right.'),
  'alignment/variables_right': share('variables right', 'Asked variables whose value was stated rightly.'),
  'alignment/output_right': share('outputs right', 'Asked return values that were stated rightly.'),
  'alignment/format': share(
    'answers in form',
    'Alignment answers that can be read: every name once, in order, with a value.',
  ),
  'alignment/candidates': count(
    'candidates',
    'Programs of the step, from which alignment questions are made.',
  ),
  'alignment/passed': count(
    'passed',
    'Candidates left out because they passed: there is nothing to explain.',
  ),
  'alignment/not_runnable': count('did not run', 'Candidates left out because they did not run to the end.'),
  'alignment/no_values': count(
    'without values',
    'Candidates left out because they have no values that can be written down.',
  ),
  'alignment/duplicate': count('duplicates', 'Candidates left out because another asks the same.'),
  'alignment/too_long': count(
    'too long',
    'Candidates left out because the question or its answer is too long.',
  ),
  'alignment/kept': count('kept', 'Failed programs that become the questions of the next step.'),
  entropy: {
    label: 'entropy',
    unit: 'nats per token',
    help: 'How undecided the policy is between next tokens. Near 0 it always writes the same and no longer explores.',
  },
  ppo_kl: {
    label: 'KL of the update',
    unit: 'nats per token',
    help: 'How far the update has moved the policy from the one that wrote the completions.',
  },
  kl: {
    label: 'KL to the start',
    unit: 'nats per token',
    help: 'How far the policy has moved from where the run began; only with use_kl_loss.',
  },
  'clip_ratio/low_mean': share(
    'clipped, low',
    'Tokens whose probability fell beyond the lower clip and so counted no further.',
  ),
  'clip_ratio/high_mean': share(
    'clipped, high',
    'Tokens whose probability rose beyond the upper clip and so counted no further.',
  ),
  'completions/mean_length': {
    label: 'completion length',
    unit: 'tokens',
    help: 'Mean length of a completion.',
  },
  'completions/max_length': {
    label: 'longest completion',
    unit: 'tokens',
    help: 'Length of the longest completion.',
  },
  'completions/clipped_ratio': share(
    'cut off',
    'Completions that reached the longest allowed length without an end.',
  ),
  loss: {
    label: 'loss',
    unit: '',
    help: 'What the optimizer lowers. With GRPO it stays near 0, because advantages of a group add up to 0: that is no failure.',
  },
  grad_norm: {
    label: 'gradient norm',
    unit: '',
    help: 'Length of the gradient before clipping: how strongly the step pulls.',
  },
  learning_rate: { label: 'learning rate', unit: '', help: 'Size of the optimizer steps.' },
  tokens_per_second: {
    label: 'speed',
    unit: 'tokens/s',
    help: 'Tokens sampled and trained on, per second of the whole step.',
  },
  sampled_tokens_per_second: {
    label: 'sampling',
    unit: 'tokens/s',
    help: 'Tokens written by the policy, per second of sampling.',
  },
  programs_per_second: {
    label: 'programs',
    unit: 'programs/s',
    help: 'Programs run against all their tests, per second of grading.',
  },
  step_time: seconds('step', 'Wall-clock time of the whole step.'),
  sampling_time: seconds('sampling', 'Time to write all completions.'),
  grading_time: seconds('grading', 'Time to run and judge all completions.'),
  update_time: seconds('update', 'Time to compute the gradient and change the weights.'),
  num_tokens: {
    label: 'tokens trained on',
    unit: 'tokens',
    help: 'Tokens that went through training since the run began.',
  },
  trained_tokens: {
    label: 'tokens this step',
    unit: 'tokens',
    help: 'Tokens that went through forward and backward in this step.',
  },
  padding_fraction: share(
    'padding',
    'Tokens that were computed only to fill up rows; 0 when all work counts.',
  ),
  'memory/tensors': count('tensors', 'Tensors that the device holds; a number that keeps growing is a leak.'),
  'memory/wasm_bytes': {
    label: 'WebAssembly memory',
    unit: 'bytes',
    help: 'Size of the memory that the wasm device computes in; it grows with the largest step and never shrinks.',
  },
  memory_bytes: { label: 'memory', unit: 'bytes', help: 'Memory held on the device.' },
  updates: count('updates', 'Optimizer updates made in this step.'),
  skipped_updates: count('skipped updates', 'Updates left out because the gradient was not finite.'),
  'sampling/sampling_logp_difference/max': {
    label: 'sampler difference',
    unit: 'nats',
    help: 'Largest difference between the log-probability at sampling and at training of one token: near 0 when both agree.',
  },
  'sampling/sampling_logp_difference/mean': {
    label: 'mean sampler difference',
    unit: 'nats',
    help: 'Mean over the tokens of the difference between the log-probability at sampling and at training.',
  },
  advantage: {
    label: 'advantage',
    unit: '',
    help: 'How much better this completion did than the mean of its group, in standard deviations. Above 0 it becomes more likely, below 0 less.',
  },
  tests_passed: share(
    'tests passed',
    'Tests of the task that the program passes; the reward asks for all of them.',
  ),
  terminated: {
    label: 'ended by itself',
    unit: '',
    help: '1 when the policy ended its answer, 0 when it was cut off.',
  },
  format: { label: 'form', unit: '', help: '1 when the answer can be read, else 0.' },
  variables_right: share('variables right', 'Asked variables whose value is right.'),
  output_right: share('output right', 'Whether the stated return value is right.'),
  all_right: share('all right', 'Whether every asked value is right.'),
};

function count(label: string, help: string): Term {
  return { label, unit: '', help };
}

function seconds(label: string, help: string): Term {
  return { label: `${label} time`, unit: 's', help };
}

/** The term of a metric, measure or reward part; one that is not in the list is called by its own name. */
export function termOf(name: string): Term {
  const known = TERMS[name];
  if (known) return known;
  const parts = name.split('/');
  const last = parts.at(-1)!;
  if (parts[0] === 'rewards') {
    const what = last === 'std' ? 'Standard deviation' : 'Mean';
    return {
      label: `${parts[1]} reward ${last}`,
      unit: '',
      help: `${what} of the rewards of the prompt source "${parts[1]}".`,
    };
  }
  if (parts[0] === 'prompts')
    return count(`${last} prompts`, `Prompts of the source "${last}" in this step.`);
  if (parts[0] === 'frac_reward_zero_std') {
    return share(
      `equal ${last} groups`,
      `Groups of the source "${last}" whose completions all earned the same.`,
    );
  }
  if (name.startsWith('pass@1/'))
    return share(`pass@1 on ${last}`, `Held-out pass@1 on the task family "${last}".`);
  if (name.startsWith('sampled_pass@')) {
    const k = name.slice('sampled_pass@'.length);
    return share(
      `pass@${k}`,
      `Chance that at least one of ${k} sampled programs solves a held-out task (unbiased estimate).`,
    );
  }
  return { label: name.replaceAll('_', ' '), unit: '', help: `The metric "${name}".` };
}

/** A verdict in words, and what it means. */
export const VERDICT_TERMS: Record<string, Term> = {
  pass: { label: 'passes', unit: '', help: 'All tests pass.' },
  wrong_answer: {
    label: 'wrong answer',
    unit: '',
    help: 'It runs, but at least one test gives another value than expected.',
  },
  runtime_error: { label: 'runtime error', unit: '', help: 'It stops with an error on at least one test.' },
  timeout: { label: 'too long', unit: '', help: 'It works longer than the allowed number of loop turns.' },
  out_of_memory: {
    label: 'out of memory',
    unit: '',
    help: 'It asks for more memory than a program may have.',
  },
  syntax_error: { label: 'syntax error', unit: '', help: 'It is no valid JavaScript.' },
  cut_off: { label: 'cut off', unit: '', help: 'It reached the longest allowed length without an end.' },
};
