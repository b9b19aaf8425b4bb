import type { Estimate } from '../evaluation/statistics.ts';
import type { CellResult } from '../runs/sweep/collect.ts';
import { type ArmResult, course, type ExperimentResult, measured, pairedDifference } from './results.ts';

/** Something that the paper says, as a difference between two arms that has a sign. */
export interface Claim {
  key: string;
  /** In one sentence. */
  text: string;
  /** What the paper reports. */
  paper: string;
  /** Keys of the arms: the first is said to be better than the second. */
  arms: [better: string, worse: string];
  /** A measure after training, or something else that is read off a run. */
  read: string | ((cell: CellResult) => number | undefined);
  /** -1 where less is better. */
  sign: 1 | -1;
}

/** How a claim fares: its paired 95% interval over seeds lies above zero, below it, or holds it. */
export type ClaimVerdict = 'holds here' | 'does not hold here' | 'undecided at this size' | 'not measured';

export interface JudgedClaim {
  claim: Claim;
  verdict: ClaimVerdict;
  /** Better minus worse, as the claim has it: positive is what the paper says. */
  difference?: Estimate;
  /** The same as a share of the worse arm's mean, where it is a measure after training. */
  relative?: number;
  seeds: number;
}

/** How much more an arm's lead grows from the middle of training to its end is read off each run's pass@1. */
const lateGain = (cell: CellResult): number | undefined => {
  const points = course(cell, 'pass@1');
  const middle = points.find(({ step }) => step >= cell.config.steps / 2);
  const end = measured(cell, 'pass@1');
  return middle && end !== undefined && middle.step < cell.config.steps ? end - middle.value : undefined;
};

/** The mean probe error of the transformer's layers; the embeddings know nothing of execution. */
const probeError = ({ evaluations }: CellResult): number | undefined => {
  const layers = Object.entries(evaluations.after?.measures ?? {}).filter(([name]) =>
    /^probe_mse\/layer_[1-9]/.test(name),
  );
  return layers.length === 0
    ? undefined
    : layers.reduce((sum, [, { value }]) => sum + value, 0) / layers.length;
};

const claim = (
  key: string,
  text: string,
  paper: string,
  arms: Claim['arms'],
  read: Claim['read'],
  sign: Claim['sign'] = 1,
): Claim => ({ key, text, paper, arms, read, sign });

/** The paper's claims that the suite can check. */
export const CLAIMS: readonly Claim[] = [
  claim(
    'pass',
    'CodeRL+ writes more programs that pass than GRPO, at equal trajectories.',
    '63.7 against 60.9 (+4.6% relative)',
    ['coderl_plus', 'grpo'],
    'pass@1',
  ),
  claim(
    'pass_equal_code',
    'The same at equal code prompts.',
    'not separated',
    ['coderl_plus_equal_code', 'grpo'],
    'pass@1',
  ),
  claim(
    'reasoning',
    'CodeRL+ is better at code reasoning than GRPO.',
    '85.0 against 66.0',
    ['coderl_plus', 'grpo'],
    'code_reasoning',
  ),
  claim(
    'test_output',
    'CodeRL+ is better at test output than GRPO.',
    '53.2 against 48.4',
    ['coderl_plus', 'grpo'],
    'test_output',
  ),
  claim(
    'trace',
    'CodeRL+ infers whole traces better than GRPO.',
    'figure only',
    ['coderl_plus', 'grpo'],
    'trace_exact',
  ),
  claim(
    'distillation',
    'CodeRL+ writes more programs that pass than distillation.',
    '63.7 against 50.6 to 58.7',
    ['coderl_plus', 'sft'],
    'pass@1',
  ),
  claim(
    'dynamics',
    'Its lead in pass@1 grows over training (second half of the steps).',
    'figure only',
    ['coderl_plus', 'grpo'],
    lateGain,
  ),
  claim(
    'probe',
    'Its hidden states tell the values of variables better: lower probe error than GRPO, mean of layers.',
    'lower at all layers (figure)',
    ['coderl_plus', 'grpo'],
    probeError,
    -1,
  ),
  claim('ppo_pass', 'On PPO too: pass@1.', '61.7 against 54.3', ['coderl_plus_ppo', 'ppo'], 'pass@1'),
  claim(
    'ppo_reasoning',
    'On PPO too: code reasoning.',
    '78.5 against 61.0',
    ['coderl_plus_ppo', 'ppo'],
    'code_reasoning',
  ),
  claim(
    'reinforce_pass',
    'On REINFORCE++ too: pass@1.',
    '63.3 against 56.2',
    ['coderl_plus_reinforce_plus_plus', 'reinforce_plus_plus'],
    'pass@1',
  ),
  claim(
    'reinforce_reasoning',
    'On REINFORCE++ too: code reasoning.',
    '78.9 against 58.7',
    ['coderl_plus_reinforce_plus_plus', 'reinforce_plus_plus'],
    'code_reasoning',
  ),
  ...(['pass@1', 'trace_exact'] as const).flatMap((measure): Claim[] => [
    claim(
      `failed_${measure}`,
      `Failed programs teach more than all programs: ${measure}.`,
      'worse with all (figure)',
      ['coderl_plus', 'all_rollouts'],
      measure,
    ),
    claim(
      `on_policy_${measure}`,
      `Fresh questions teach more than a prebuilt set: ${measure}.`,
      'worse prebuilt (figure)',
      ['coderl_plus', 'prebuilt'],
      measure,
    ),
    claim(
      `variables_${measure}`,
      `Variables teach more than the output alone: ${measure}.`,
      'worse with output only (figure)',
      ['coderl_plus', 'output_only'],
      measure,
    ),
  ]),
  claim(
    'calibrated_pass',
    'Where writing needs executing (`calibrated`), CodeRL+ writes more programs that pass than GRPO.',
    'not in the paper',
    ['calibrated_coderl_plus', 'calibrated_grpo'],
    'pass@1',
  ),
  claim(
    'calibrated_pass_equal_code',
    'The same at equal code prompts.',
    'not in the paper',
    ['calibrated_coderl_plus_equal_code', 'calibrated_grpo'],
    'pass@1',
  ),
  claim(
    'calibrated_truth',
    'There, what its programs say about their values is more often true.',
    'not in the paper',
    ['calibrated_coderl_plus', 'calibrated_grpo'],
    'truthful_comments',
  ),
  claim(
    'kl_reasoning',
    'CodeRL+ is better at code reasoning than GRPO that a KL penalty holds near the start.',
    'not in the paper',
    ['coderl_plus', 'grpo_kl'],
    'code_reasoning',
  ),
  claim(
    'verified',
    'Choosing among 8 samples by its own predictions, CodeRL+ passes more often than GRPO (`pipelines`).',
    'not in the paper',
    ['coderl_plus', 'grpo'],
    'verified_pass@1',
  ),
  claim(
    'verified_equal_code',
    'The same at equal code prompts.',
    'not in the paper',
    ['coderl_plus_equal_code', 'grpo'],
    'verified_pass@1',
  ),
];

/** Judges claims by what has been measured so far. */
export function judgeClaims(
  results: readonly ExperimentResult[],
  claims: readonly Claim[] = CLAIMS,
): JudgedClaim[] {
  const arms = new Map<string, ArmResult>(
    results.flatMap(({ arms: all }) => all.map((one): [string, ArmResult] => [one.arm.key, one])),
  );
  return claims.map((one) => {
    const [better, worse] = one.arms.map((key) => arms.get(key));
    const { read, sign } = one;
    const found =
      better &&
      worse &&
      pairedDifference(better, worse, typeof read === 'string' ? (cell) => measured(cell, read) : read);
    if (!found) return { claim: one, verdict: 'not measured', seeds: 0 };
    const { value, low, high, count } = found.estimate;
    const difference = sign === 1 ? found.estimate : { value: -value, low: -high, high: -low, count };
    return {
      claim: one,
      verdict: verdictOf(difference),
      difference,
      relative: typeof read !== 'string' || found.from === 0 ? undefined : difference.value / found.from,
      seeds: found.seeds.length,
    };
  });
}

/** One seed, or none, decides nothing: its interval is unbounded. */
function verdictOf({ low, high }: Estimate): ClaimVerdict {
  if (low > 0) return 'holds here';
  return high < 0 ? 'does not hold here' : 'undecided at this size';
}
