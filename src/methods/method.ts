import type { Tokenizer } from '../policy/tokenizer.ts';
import type { StepOptions } from '../rl/step.ts';
import type { Share } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import type { AlignmentOptions } from '../semantics/source.ts';
import type { TaskStream } from '../tasks/generate.ts';
import { coderlPlus } from './coderl_plus.ts';
import { grpo } from './grpo.ts';

/** The part of the configuration that methods read. */
export interface MethodOptions extends StepOptions, AlignmentOptions {
  align_ratio: number;
  'rollout.max_new_tokens': number;
}

/** What a method composes. */
export interface MethodParts {
  tasks: TaskStream;
  tokenizer: Tokenizer;
  sandbox: Sandbox;
  config: MethodOptions;
}

/** Methods that learn from rewards: the prompt sources of each and their shares. */
export const RL_METHODS: Record<'grpo' | 'coderl_plus', (parts: MethodParts) => Share[]> = {
  grpo,
  coderl_plus: coderlPlus,
};
