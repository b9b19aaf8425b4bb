import { loadCheckpoint, type PolicyFiles } from '../policy/checkpoint.ts';
import { createPolicy, type Policy } from '../policy/policy.ts';
import type { Tokenizer } from '../policy/tokenizer.ts';
import { type WriteOptions, type WrittenToken, writeCompletion } from '../policy/write.ts';
import { codePrompt } from '../tasks/format.ts';
import type { Task } from '../tasks/types.ts';

/** What to write a program for, and how. */
export interface WriteRequest extends WriteOptions, Pick<Task, 'description' | 'signature'> {}

/** What the writer worker exposes through comlink. */
export interface WriterApi {
  /** Resolves when the worker holds the lifeline of its name; see `lifeline.ts`. */
  alive(): Promise<void>;
  /** Starts the device and reads the policy; before the first `write`. */
  open(files: PolicyFiles): Promise<void>;
  /** Writes a program; `emit` gets each token as it comes. */
  write(request: WriteRequest, emit: (token: WrittenToken) => void): Promise<WrittenToken[]>;
}

/** A policy that can be asked for programs. */
export interface Writer {
  policy: Policy;
  tokenizer: Tokenizer;
}

/** A writer from the files of a policy, on the current device. */
export function createWriter(files: PolicyFiles): Writer {
  const { config, weights, tokenizer } = loadCheckpoint(files);
  return { policy: createPolicy(config, weights), tokenizer };
}

/**
 * Writes a program for a description, token by token.
 * @returns all tokens, for whoever must not miss the last ones on their way
 */
export async function writeProgram(
  { policy, tokenizer }: Writer,
  request: WriteRequest,
  emit: (token: WrittenToken) => void,
): Promise<WrittenToken[]> {
  const tokens: WrittenToken[] = [];
  await writeCompletion(policy, tokenizer, tokenizer.encode(codePrompt(request)), request, (token) => {
    tokens.push(token);
    emit(token);
  });
  return tokens;
}
