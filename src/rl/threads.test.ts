import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, test } from 'vitest';
import type { PolicyConfig } from '../policy/config.ts';
import { createPolicy, disposePolicy, initialWeights } from '../policy/policy.ts';
import { sample } from '../policy/sampler.ts';
import { stopWasm, useWasm, type WasmFiles } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { random } from '../tensor/random.ts';
import { wasmEngine } from '../tensor/wasm_kernels.ts';
import { createOptimizer, disposeOptimizer } from './optimizer.ts';
import { supervisedUpdate } from './supervised.ts';

// One layer, but as many tokens as make every kernel worth sharing.
const config: PolicyConfig = {
  vocab_size: 102,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 96,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};
const optimizing = { beta1: 0.9, beta2: 0.99, weight_decay: 0.01, grad_clip: 1 };
const source = random(4);
const tokens = (length: number) => Array.from({ length }, () => source.between(2, config.vocab_size - 1));
const sequences = Array.from({ length: 82 }, () => ({
  prompt: tokens(source.between(5, 45)),
  completion: tokens(source.between(5, 45)),
}));
const prompts = Array.from({ length: 24 }, () => tokens(source.between(1, 40)));
const sampling = { n: 8, maxNewTokens: 40, temperature: 1, topP: 1, eosId: 1, seed: 5, stream: 2 };

/** An update and what the policy samples after it, to the bit. */
async function results(threads: number, files: WasmFiles = nodeWasmFiles()) {
  const device = await useWasm(files, threads);
  const policy = createPolicy(config, initialWeights(config, 3));
  const optimizer = createOptimizer(policy);
  const metrics = await supervisedUpdate(policy, optimizer, sequences, 1e-2, optimizing);
  const parameters = await policy.parameters.data();
  const sampled = await sample(policy, prompts, sampling);
  const nucleus = await sample(policy, prompts.slice(0, 3), { ...sampling, topP: 0.8, temperature: 0.7 });
  disposeOptimizer(optimizer);
  disposePolicy(policy);
  return { device, metrics, parameters, sampled, nucleus };
}

afterAll(stopWasm);

describe('threads', () => {
  test('give the same bits, whatever their number', async () => {
    const { device, ...alone } = await results(1);
    expect(device.threads).toBe(1);
    expect(alone.sampled.flat().some(({ terminated }) => terminated)).toBe(true);
    for (const threads of [2, 5]) {
      const { device: several, ...shared } = await results(threads);
      expect(several).toMatchObject({ threads, adapter: `tfjs wasm + SIMD kernels, ${threads} threads` });
      expect(shared).toEqual(alone);
    }
  });

  test('end with the device', async () => {
    let living = 0;
    const files = nodeWasmFiles();
    const spawn: WasmFiles['spawn'] = async (start) => {
      const thread = await files.spawn!(start);
      living++;
      return {
        terminate() {
          thread.terminate();
          living--;
        },
      };
    };
    await results(3, { ...files, spawn });
    expect(living).toBe(2);
    stopWasm();
    expect(living).toBe(0);
    expect(() => wasmEngine()).toThrow(/not started/);
  });

  test('are one where memory cannot be shared', async () => {
    const { device } = await results(4, { ...nodeWasmFiles(), spawn: undefined });
    expect(device.threads).toBe(1);
  });
});

test('memory stays as it is over many updates and rollouts', async () => {
  await useWasm(nodeWasmFiles(), 2);
  const policy = createPolicy(config, initialWeights(config, 3));
  const optimizer = createOptimizer(policy);
  const heap = () => wasmEngine().backend.wasm.HEAPU8.byteLength;
  const round = async (i: number) => {
    // Other lengths every time, as in a run.
    await supervisedUpdate(policy, optimizer, sequences.slice(i % 7, 12 + (i % 5)), 1e-3, optimizing);
    await sample(policy, prompts.slice(i % 3, 8 + (i % 4)), { ...sampling, n: 2, stream: i });
  };
  for (let i = 0; i < 35; i++) await round(i); // every pair of bounds once, then each twice more
  const [tensors, bytes] = [tf.memory().numTensors, heap()];
  for (let i = 35; i < 105; i++) await round(i);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(heap()).toBe(bytes);
  disposeOptimizer(optimizer);
  disposePolicy(policy);
});
