import * as tf from '@tensorflow/tfjs-core';
import { lockStep } from './lock_step.ts';
import type { Policy } from './policy.ts';
import { rollouts } from './rollout/rollout.ts';

/** How to sample. */
export interface SampleOptions {
  /** Completions a prompt. */
  n: number;
  maxNewTokens: number;
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  eosId: number;
  /** Fixes every draw, together with the prompt's place, the sample and the position. */
  seed: number;
  /** Keeps the draws of different steps and purposes apart. */
  stream: number;
}

/** One sampled completion. */
export interface Sampled {
  /** Includes the end token when `terminated`. */
  tokens: number[];
  /** At temperature 1, in nats; one for each of `tokens`. */
  logProbs: number[];
  terminated: boolean;
}

/** Rows decoded together; more would only take memory. */
const MAX_ROWS = 1024;

/** A prompt, and the counter of its first completion's random numbers; those of the others follow. */
export interface Group {
  tokens: number[];
  draw: number;
}

/** A way to sample with a policy's present weights. */
export interface Sampler {
  /** `n` completions of each group's prompt. */
  sample(groups: readonly Group[], options: SampleOptions): Promise<Sampled[][]>;
  dispose(): void;
}

/** Samples `n` completions of each prompt; throws when a prompt is empty or leaves no room for them. */
export async function sample(
  policy: Policy,
  prompts: number[][],
  options: SampleOptions,
): Promise<Sampled[][]> {
  checkLengths(policy, prompts, options.maxNewTokens);
  const order = prompts.map((_, i) => i).sort((a, b) => prompts[a].length - prompts[b].length || a - b);
  const chunk = Math.max(1, Math.floor(MAX_ROWS / options.n));
  const results: Sampled[][] = new Array(prompts.length);
  const sampler = tf.getBackend() === 'webgpu' ? rollouts(policy) : lockStep(policy);
  try {
    for (let i = 0; i < order.length; i += chunk) {
      const members = order.slice(i, i + chunk);
      const groups = members.map((member) => ({ tokens: prompts[member], draw: member * options.n }));
      const sampled = await sampler.sample(groups, options);
      members.forEach((member, j) => {
        results[member] = sampled[j];
      });
    }
  } finally {
    sampler.dispose();
  }
  return results;
}

function checkLengths(policy: Policy, prompts: number[][], maxNewTokens: number): void {
  const limit = policy.config.max_position_embeddings;
  for (const { length } of prompts) {
    if (length === 0) throw new Error('sample(): a prompt is empty; it needs at least one token');
    if (length + maxNewTokens > limit) {
      throw new Error(
        `sample(): a prompt of ${length} tokens and ${maxNewTokens} new ones exceed the policy's ${limit} positions; shorten the prompt or lower max_new_tokens`,
      );
    }
  }
}
