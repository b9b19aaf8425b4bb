import * as tf from '@tensorflow/tfjs-core';
import { uniform } from '../tensor/random.ts';
import { gatherRows } from '../tensor/rows.ts';
import { sampleRows } from '../tensor/sample.ts';
import { createCache } from './cache.ts';
import type { Policy } from './policy.ts';
import { rollouts } from './rollout/rollout.ts';
import { attentionShape, hiddenStates, logitsOf, type Weights, weightsOf } from './transformer.ts';

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

/**
 * All rows move through the positions in lock-step, op by op: a prompt is read once, by one row, and becomes `n`
 * rows when it has been read; finished rows are dropped.
 */
function lockStep(policy: Policy): Sampler {
  const weights = tf.tidy(() => weightsOf(policy.parameters, policy.config));
  return {
    sample: (groups, options) => sampleLockStep(policy, weights, groups, options),
    dispose: () => tf.dispose(weights),
  };
}

/** A row that is being decoded; `sample` is -1 while it reads its prompt for the whole group. */
interface Row {
  group: number;
  sample: number;
}

async function sampleLockStep(
  policy: Policy,
  weights: Weights,
  prompts: readonly Group[],
  options: SampleOptions,
): Promise<Sampled[][]> {
  const { n, maxNewTokens, eosId } = options;
  const lengths = prompts.map(({ tokens }) => tokens.length);
  const positions = Math.max(...lengths) + maxNewTokens;
  const groups: Sampled[][] = prompts.map(() =>
    Array.from({ length: n }, () => ({ tokens: [], logProbs: [], terminated: false })),
  );
  const { num_hidden_layers } = policy.config;
  const cache = createCache(num_hidden_layers, prompts.length * n, positions, attentionShape(policy));
  let rows: Row[] = prompts.map((_, group) => ({ group, sample: -1 }));
  try {
    for (let position = 0; rows.length > 0; position++) {
      const tokens = Int32Array.from(rows, ({ group, sample }) =>
        sample < 0 ? prompts[group].tokens[position] : groups[group][sample].tokens.at(-1)!,
      );
      const hidden = tf.tidy(() =>
        hiddenStates(weights, policy.config, tokens, (layer, qkv) => cache.attend(layer, qkv)),
      );
      const next: Row[] = [];
      const from: number[] = [];
      const drawing: { row: Row; from: number }[] = [];
      rows.forEach((row, index) => {
        if (row.sample >= 0) {
          drawing.push({ row, from: index });
        } else if (position < lengths[row.group] - 1) {
          next.push(row);
          from.push(index);
        } else {
          for (let sample = 0; sample < n; sample++)
            drawing.push({ row: { group: row.group, sample }, from: index });
        }
      });
      if (drawing.length > 0) {
        const drawn = await draw(weights, hidden, drawing, prompts, position, options);
        drawing.forEach(({ row, from: index }, i) => {
          const out = groups[row.group][row.sample];
          out.tokens.push(drawn.ids[i]);
          out.logProbs.push(drawn.logProbs[i]);
          out.terminated = drawn.ids[i] === eosId;
          if (out.terminated || out.tokens.length === maxNewTokens) return;
          next.push(row);
          from.push(index);
        });
      }
      hidden.dispose();
      rows = next;
      cache.advance(Int32Array.from(from));
    }
  } finally {
    cache.dispose();
  }
  return groups;
}

async function draw(
  weights: Weights,
  hidden: tf.Tensor2D,
  drawing: { row: Row; from: number }[],
  prompts: readonly Group[],
  position: number,
  { seed, stream, temperature, topP }: SampleOptions,
) {
  const logits = tf.tidy(() =>
    logitsOf(
      weights,
      gatherRows(
        hidden,
        Int32Array.from(drawing, ({ from }) => from),
      ),
    ),
  );
  const uniforms = Float32Array.from(drawing, ({ row }) =>
    uniform(seed, stream, prompts[row.group].draw + row.sample, position),
  );
  const drawn = await sampleRows(logits, uniforms, temperature, topP);
  logits.dispose();
  return drawn;
}
