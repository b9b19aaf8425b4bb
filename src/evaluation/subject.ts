import type { Policy } from '../policy/policy.ts';
import { sample } from '../policy/sampler.ts';
import type { Tokenizer } from '../policy/tokenizer.ts';
import { toCompletion } from '../rl/generate.ts';
import type { Completion } from '../rl/types.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { codePrompt } from '../tasks/format.ts';
import type { Task } from '../tasks/types.ts';

/** What is evaluated, and with what. */
export interface Subject {
  policy: Policy;
  tokenizer: Tokenizer;
  sandbox: Sandbox;
}

/** Options of writing and answering in an evaluation, as in the configuration. */
export interface SubjectOptions {
  seed: number;
  'rollout.temperature': number;
  'rollout.top_p': number;
  'rollout.max_new_tokens': number;
  align_max_new_tokens: number;
}

/** Draws of an evaluation never meet those of training steps, which count from 1. */
const STREAM = 0x7e57_0000;

/** The greedy program for each task, as the completion of its prompt. */
export async function writeGreedily(
  subject: Subject,
  tasks: readonly Task[],
  options: SubjectOptions,
): Promise<Completion[]> {
  const groups = await write(subject, tasks, options, 1, 0);
  return groups.map(([one]) => one);
}

/** `n` sampled programs for each task. */
export function writeSamples(
  subject: Subject,
  tasks: readonly Task[],
  options: SubjectOptions,
  n: number,
): Promise<Completion[][]> {
  return write(subject, tasks, options, n, options['rollout.temperature']);
}

async function write(
  { policy, tokenizer }: Subject,
  tasks: readonly Task[],
  options: SubjectOptions,
  n: number,
  temperature: number,
): Promise<Completion[][]> {
  const prompts = tasks.map((task) => tokenizer.encode(codePrompt(task)));
  const sampled = await sample(policy, prompts, {
    n,
    maxNewTokens: options['rollout.max_new_tokens'],
    temperature,
    topP: options['rollout.top_p'],
    eosId: tokenizer.eosId,
    seed: options.seed,
    stream: STREAM,
  });
  return sampled.map((group) => group.map((one) => toCompletion(one, tokenizer)));
}

/** The greedy answer to each question about values. */
export async function answer(
  { policy, tokenizer }: Subject,
  prompts: readonly string[],
  options: SubjectOptions,
): Promise<Completion[]> {
  const tokens = prompts.map((prompt) => tokenizer.encode(prompt));
  const sampled = await sample(policy, tokens, {
    n: 1,
    maxNewTokens: options.align_max_new_tokens,
    temperature: 0,
    topP: 1,
    eosId: tokenizer.eosId,
    seed: options.seed,
    stream: STREAM,
  });
  return sampled.map(([one]) => toCompletion(one, tokenizer));
}
