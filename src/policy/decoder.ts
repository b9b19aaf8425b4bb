import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../tensor/rows.ts';
import { type Drawn, sampleRow, sampleRows } from '../tensor/sample.ts';
import { createWasmDecoder, type DecoderModel, type Place, pagesFor } from '../tensor/wasm_decoder.ts';
import { createCache } from './cache.ts';
import { layoutOf } from './config.ts';
import type { Policy } from './policy.ts';
import { attentionShape, hiddenStates, logitsOf, weightsOf } from './transformer.ts';

/** Rows that are being decoded, all at the same position. */
export interface Decoder {
  /**
   * Reads one token a row, and draws from what may follow.
   * @param draws for each row the number of tokens to draw
   * @param uniforms a number in [0, 1) for each draw, row after row
   * @returns one entry a draw
   */
  step(tokens: Int32Array, draws: Int32Array, uniforms: Float32Array): Promise<Drawn>;
  /** Ends the position: row i goes on as a copy of row from[i]; rows not named are dropped. */
  advance(from: Int32Array): void;
  dispose(): void;
}

/** What is decoded: `lengths` of prompts, each with `n` completions of at most `maxNewTokens`. */
export interface DecoderPlan {
  lengths: readonly number[];
  n: number;
  maxNewTokens: number;
  temperature: number;
  topP: number;
}

/** A decoder of the current backend, at position 0 with a row for each prompt. */
export function createDecoder(policy: Policy, plan: DecoderPlan): Decoder {
  return tf.getBackend() === 'wasm' ? fusedDecoder(policy, plan) : composedDecoder(policy, plan);
}

/** One kernel call a position, sampling included; for top-p the logits come out and are drawn from here. */
function fusedDecoder(policy: Policy, plan: DecoderPlan): Decoder {
  const { lengths, n, maxNewTokens, temperature, topP } = plan;
  const slots = lengths.length * n;
  const decoder = createWasmDecoder(modelOf(policy), lengths.length, {
    slots,
    positions: Math.max(...lengths) + maxNewTokens,
    pages: lengths.reduce((sum, length) => sum + pagesFor(length, n, maxNewTokens), 0),
    draws: slots,
  });
  const { vocab_size } = policy.config;
  return {
    async step(tokens, draws, uniforms) {
      if (topP >= 1) return decoder.draw(tokens, draws, uniforms, temperature);
      const logits = decoder.logits(tokens, draws);
      const drawn: Drawn = {
        ids: new Int32Array(uniforms.length),
        logProbs: new Float32Array(uniforms.length),
      };
      let at = 0;
      draws.forEach((count, row) => {
        const own = logits.subarray(row * vocab_size, (row + 1) * vocab_size);
        for (let i = 0; i < count; i++, at++) {
          const { id, logProb } = sampleRow(own, uniforms[at], temperature, topP);
          drawn.ids[at] = id;
          drawn.logProbs[at] = logProb;
        }
      });
      return drawn;
    },
    advance: decoder.advance,
    dispose: decoder.dispose,
  };
}

function modelOf({ config, parameters, rotary }: Policy): DecoderModel {
  const specs = new Map(layoutOf(config).map((spec) => [spec.name, spec]));
  const place = (name: string): Place => {
    const { offset, shape } = specs.get(name)!;
    return { offset, rows: shape.length === 1 ? 1 : shape[0], columns: shape.at(-1)! };
  };
  return {
    parameters,
    embedding: place('embedding'),
    norm: place('norm'),
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => ({
      attentionNorm: place(`layers.${i}.attention_norm`),
      qkv: place(`layers.${i}.qkv`),
      attentionOut: place(`layers.${i}.attention_out`),
      mlpNorm: place(`layers.${i}.mlp_norm`),
      gateUp: place(`layers.${i}.gate_up`),
      down: place(`layers.${i}.down`),
    })),
    heads: config.num_attention_heads,
    epsilon: config.rms_norm_eps,
    ...rotary,
  };
}

/** A composition of tfjs ops, for any backend. */
function composedDecoder(policy: Policy, { temperature, topP }: DecoderPlan): Decoder {
  const weights = tf.tidy(() => weightsOf(policy.parameters, policy.config));
  const cache = createCache(policy.config.num_hidden_layers, attentionShape(policy));
  return {
    async step(tokens, draws, uniforms) {
      const from = Int32Array.from(Array.from(draws).flatMap((count, row) => new Array(count).fill(row)));
      const [logits] = tf.tidy(() => {
        const hidden = hiddenStates(weights, policy.config, tokens, cache.attend);
        return from.length > 0 ? [logitsOf(weights, gatherRows(hidden, from))] : [];
      });
      if (logits === undefined) return { ids: new Int32Array(0), logProbs: new Float32Array(0) };
      const drawn = await sampleRows(logits, uniforms, temperature, topP);
      logits.dispose();
      return drawn;
    },
    advance: cache.advance,
    dispose() {
      cache.dispose();
      tf.dispose(weights);
    },
  };
}
