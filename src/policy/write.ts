import * as tf from '@tensorflow/tfjs-core';
import { pack } from '../tensor/packed.ts';
import { uniform } from '../tensor/random.ts';
import { sampleRow } from '../tensor/sample.ts';
import type { Policy } from './policy.ts';
import type { Tokenizer } from './tokenizer.ts';
import { forward, weightsOf } from './transformer.ts';

/** How to write one completion. */
export interface WriteOptions {
  /** 0 takes the most likely token. */
  temperature: number;
  maxNewTokens: number;
  seed: number;
  /** Most likely tokens to tell of at each place. */
  alternatives: number;
}

/** A token and its probability at the temperature asked for (at 1 where that is 0). */
export interface Candidate {
  id: number;
  text: string;
  probability: number;
}

/** A token that was written, and what else could have been, most likely first. */
export interface WrittenToken extends Candidate {
  alternatives: Candidate[];
}

/**
 * Writes one completion token by token for somebody who watches: slower than `sample`, but it tells the
 * probabilities at every place. Ends after the end token (which it tells of), or at the longest length.
 */
export async function writeCompletion(
  policy: Policy,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  options: WriteOptions,
  emit: (token: WrittenToken) => void,
): Promise<void> {
  if (prompt.length === 0)
    throw new Error('writeCompletion(): the prompt is empty; it needs at least one token');
  const tokens = [...prompt];
  const room = Math.min(options.maxNewTokens, policy.config.max_position_embeddings - prompt.length);
  if (room <= 0) {
    throw new Error(
      `writeCompletion(): a prompt of ${prompt.length} tokens leaves no room in the policy's ${policy.config.max_position_embeddings} positions; shorten the description`,
    );
  }
  for (let written = 0; written < room; written++) {
    const logits = await nextLogits(policy, tokens);
    const u = uniform(options.seed, 0, 0, tokens.length);
    const { id } = sampleRow(logits, u, options.temperature, 1);
    const candidate = candidates(logits, options.temperature || 1, tokenizer);
    const likely = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
    emit({ ...candidate(id), alternatives: likely.slice(0, options.alternatives).map(candidate) });
    if (id === tokenizer.eosId) return;
    tokens.push(id);
  }
}

async function nextLogits(policy: Policy, tokens: readonly number[]): Promise<Float32Array> {
  const logits = tf.tidy(() =>
    forward(
      policy,
      weightsOf(policy.parameters, policy.config),
      pack([tokens]),
      Int32Array.of(tokens.length - 1),
    ),
  );
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return values;
}

function candidates(
  logits: Float32Array,
  temperature: number,
  tokenizer: Tokenizer,
): (id: number) => Candidate {
  const top = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weight = (id: number) => Math.exp((logits[id] - top) / temperature);
  const sum = logits.reduce((total, _, id) => total + weight(id), 0);
  return (id) => ({ id, text: tokenizer.decode([id]), probability: weight(id) / sum });
}
