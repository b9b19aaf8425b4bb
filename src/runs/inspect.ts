import { logProbsOf } from '../rl/log_probs.ts';
import type { LiveRun } from './control.ts';
import type { LogProbsAnswer } from './events.ts';

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
