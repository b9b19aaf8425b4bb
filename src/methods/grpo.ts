import { codeSource } from '../rl/code_source.ts';
import type { Share } from '../rl/types.ts';
import type { MethodParts } from './method.ts';

/** RLVR from tests: all prompts are code prompts. */
export function grpo({ tasks, tokenizer, sandbox, config }: MethodParts): Share[] {
  const source = codeSource(tasks, tokenizer, sandbox, { maxNewTokens: config['rollout.max_new_tokens'] });
  return [{ source, ratio: 1 }];
}
