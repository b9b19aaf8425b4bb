import type { Tokenizer } from '../policy/tokenizer.ts';
import type { StepOptions } from '../rl/step.ts';
import type { Share } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import type { AlignmentOptions } from '../semantics/source.ts';
import type { TaskStream } from '../tasks/generate.ts';
import { coderlPlus } from './coderl_plus.ts';
import { rlvr } from './rlvr.ts';

/** The part of the configuration that methods read. */
export interface MethodOptions extends StepOptions, AlignmentOptions {
  method: string;
  align_ratio: number;
}

/** What a method composes. */
export interface MethodParts {
  tasks: TaskStream;
  tokenizer: Tokenizer;
  sandbox: Sandbox;
  config: MethodOptions;
}

/** The prompt sources of a method that learns from rewards, and their shares of a batch. */
export function sharesOf(parts: MethodParts): Share[] {
  return parts.config.method === 'coderl_plus' ? coderlPlus(parts) : rlvr(parts);
}
