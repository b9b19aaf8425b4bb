import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { logProbsOf } from '../rl/log_probs.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts';
import type { PolicyConfig } from './config.ts';
import { createPolicy, initialWeights } from './policy.ts';
import { sample } from './sampler.ts';
import { createTokenizer } from './tokenizer.ts';

const config: PolicyConfig = {
  vocab_size: 50,
  hidden_size: 32,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 48,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};
const weights = initialWeights(config, 3).map((w) => (w === 1 ? 1 : w * 4)); // sharper than fresh weights
const prompts = [[3, 4, 5], [6], [7, 8, 9, 10, 11, 12, 13], [14, 15, 16]];
const options = { n: 3, maxNewTokens: 20, temperature: 1, topP: 1, eosId: 1, seed: 5, stream: 2 };

beforeAll(() => useWasm(nodeWasmFiles()));

describe('sampling', () => {
  test.each(['wasm', 'cpu'])('log-probabilities agree with the trainer on %s', async (backend) => {
    await tf.setBackend(backend);
    const policy = createPolicy(config, weights);
    const groups = await sample(policy, prompts, options);
    const sequences = groups.flatMap((group, i) =>
      group.map(({ tokens }) => ({ prompt: prompts[i], completion: tokens })),
    );
    const trained = await logProbsOf(policy, policy.parameters, sequences);
    const sampled = groups.flat().flatMap(({ logProbs }) => logProbs);
    expect(sampled.length).toBe(trained.length);
    sampled.forEach((logProb, i) => {
      expect(logProb).toBeCloseTo(trained[i], 4);
    });
  });

  test('both backends sample the same tokens, and groups differ inside', async () => {
    const runs = [];
    for (const backend of ['wasm', 'cpu']) {
      await tf.setBackend(backend);
      runs.push(await sample(createPolicy(config, weights), prompts, options));
    }
    expect(runs[0].map((group) => group.map(({ tokens }) => tokens))).toEqual(
      runs[1].map((group) => group.map(({ tokens }) => tokens)),
    );
    expect(new Set(runs[0][0].map(({ tokens }) => tokens.join())).size).toBe(3);
  });

  test('ends at the end token or at the limit, and says which', async () => {
    await tf.setBackend('wasm');
    const groups = await sample(createPolicy(config, weights), prompts, { ...options, n: 40 });
    const all = groups.flat();
    expect(all.some(({ terminated }) => terminated)).toBe(true);
    for (const { tokens, terminated } of all) {
      expect(tokens.indexOf(options.eosId)).toBe(terminated ? tokens.length - 1 : -1);
      expect(tokens.length).toBeLessThanOrEqual(options.maxNewTokens);
    }
  });

  test('greedy takes the largest, top-p cuts the tail', async () => {
    await tf.setBackend('wasm');
    const policy = createPolicy(config, weights);
    const greedy = await sample(policy, prompts, { ...options, n: 2, temperature: 0 });
    expect(greedy[0][0].tokens).toEqual(greedy[0][1].tokens);
    const narrow = await sample(policy, prompts, { ...options, n: 1, topP: 0.01 });
    expect(narrow.map(([one]) => one.tokens)).toEqual(greedy.map(([one]) => one.tokens));
  });

  test('says when a prompt leaves no room', async () => {
    const policy = createPolicy(config, weights);
    await expect(sample(policy, [new Array(40).fill(2)], options)).rejects.toThrow(
      /40 tokens and 20 new ones exceed.*48/,
    );
    await expect(sample(policy, [[]], options)).rejects.toThrow(/prompt is empty/);
  });

  test('keeps no tensors', async () => {
    await tf.setBackend('wasm');
    const policy = createPolicy(config, weights);
    await sample(policy, prompts, options);
    const before = tf.memory().numTensors;
    await sample(policy, prompts, options);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('checkpoint', () => {
  const tokenizer = createTokenizer();
  const shape = { ...config, vocab_size: tokenizer.vocabSize };
  const all = initialWeights(shape, 1);

  test('comes back to the bit', () => {
    const back = loadCheckpoint(saveCheckpoint(shape, all, tokenizer));
    expect(back.config).toEqual(shape);
    expect(back.weights).toEqual(all);
    expect(back.tokenizer.encode('let b = a')).toEqual(tokenizer.encode('let b = a'));
  });

  const broken: [string, (files: Record<string, Uint8Array>) => void, RegExp][] = [
    ['no weights', (files) => delete files['model.safetensors'], /model.safetensors is missing/],
    [
      'cut weights',
      (files) => (files['model.safetensors'] = files['model.safetensors'].slice(0, 5000)),
      /ends at byte|claims/,
    ],
    ['empty weights', (files) => (files['model.safetensors'] = new Uint8Array(3)), /3 bytes/],
    ['a huge header', (files) => files['model.safetensors'].fill(0xff, 0, 8), /claims/],
    ['header that is no JSON', (files) => files['model.safetensors'].fill(0x20, 8, 40), /not JSON/],
    [
      'NaN',
      (files) => files['model.safetensors'].fill(0xff, files['model.safetensors'].length - 4),
      /not finite/,
    ],
    [
      'config that is no JSON',
      (files) => (files['config.json'] = new TextEncoder().encode('{')),
      /config.json is not JSON/,
    ],
    [
      'another width',
      (files) => edit(files, { hidden_size: 64, head_dim: 32 }),
      /model.embed_tokens.weight.*needs \[\d+,64\]/,
    ],
    ['another model', (files) => edit(files, { model_type: 'gpt2' }), /only "llama"/],
    ['a width that heads do not divide', (files) => edit(files, { hidden_size: 40 }), /hidden_size is 40/],
    ['another vocabulary', (files) => edit(files, { vocab_size: 100 }), /vocab_size 100/],
  ];
  const foreign: [change: object, message: RegExp][] = [
    [{ rope_scaling: { rope_type: 'linear', factor: 2 } }, /rope_scaling .*"linear".* is supported/],
    [{ rope_scaling: { type: 'dynamic', factor: 2 } }, /rope_scaling .*"dynamic"/],
    [{ rope_parameters: { rope_type: 'llama3', rope_theta: 1e4, factor: 8 } }, /rope_parameters .*"llama3"/],
    [{ rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }, /rope_theta 10000, but 500000/],
    [{ rope_theta: '10000', rope_parameters: null }, /rope_theta is "10000"/],
    [{ head_dim: 8 }, /head_dim 8, but only 16/],
    [{ num_key_value_heads: 1 }, /num_key_value_heads 1, but only 2/],
    [{ attention_bias: true }, /attention_bias true/],
    [{ tie_word_embeddings: undefined }, /tie_word_embeddings nothing, but only true/],
    [{ hidden_act: 'gelu' }, /hidden_act "gelu"/],
    [{ quantization_config: { bits: 4 } }, /quantization_config/],
    [{ rms_norm_eps: '0.1' }, /rms_norm_eps is "0.1"/],
    // Nearly five thousand million parameters, on paper.
    [
      { hidden_size: 4096, head_dim: 2048, num_hidden_layers: 64 },
      /has \[704,32\] as model.embed_tokens.weight/,
    ],
  ];
  test.each(foreign)('another network: %j', (change, message) => {
    const files = saveCheckpoint(shape, all, tokenizer);
    edit(files, change);
    expect(() => loadCheckpoint(files)).toThrow(message);
  });

  test('keys of one generation of transformers are enough', () => {
    for (const without of [{ rope_theta: undefined }, { rope_parameters: undefined, head_dim: null }]) {
      const files = saveCheckpoint(shape, all, tokenizer);
      edit(files, { ...without, rope_scaling: null });
      expect(loadCheckpoint(files).config).toEqual(shape);
    }
  });

  const edit = (files: Record<string, Uint8Array>, change: object) => {
    const json = JSON.parse(new TextDecoder().decode(files['config.json']));
    files['config.json'] = new TextEncoder().encode(JSON.stringify({ ...json, ...change }));
  };
  test.each(broken)('broken: %s', (_, breakIt, message) => {
    const files = saveCheckpoint(shape, all, tokenizer);
    breakIt(files);
    expect(() => loadCheckpoint(files)).toThrow(message);
  });
});
