import { codeSource } from '../rl/code_source.ts';
import type { Share } from '../rl/types.ts';
import type { MethodParts } from './method.ts';

/** Reinforcement learning with verifiable rewards (tests), whatever the algorithm: all prompts are code prompts. */
export function rlvr({ tasks, tokenizer, sandbox, config }: MethodParts): Share[] {
  const source = codeSource(tasks, tokenizer, sandbox, { maxNewTokens: config['rollout.max_new_tokens'] });
  return [{ source, ratio: 1 }];
}
