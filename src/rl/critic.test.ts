import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { defaultPolicyConfig } from '../policy/config.ts';
import { createPolicy, disposePolicy, initialWeights } from '../policy/policy.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { random } from '../tensor/random.ts';
import { createCritic, criticValues, disposeCritic, explainedVariance, updateCritic } from './critic.ts';

const config = { ...defaultPolicyConfig(40), num_hidden_layers: 1 };
const options = { seed: 0, 'critic.lr': 3e-3, 'critic.ppo_epochs': 4, cliprange_value: 0.5, grad_clip: 1 };

beforeAll(() => useWasm(nodeWasmFiles()));

test('learns what the last prompt token foretells, and leaves no tensor behind', async () => {
  const tensors = tf.memory().numTensors;
  const policy = createPolicy(config, initialWeights(config, 1));
  const critic = createCritic(policy, 0);
  const source = random(0, 1);
  const sequences = Array.from({ length: 32 }, (_, i) => ({
    prompt: [source.int(40), i % 2],
    completion: [source.int(40), source.int(40)],
  }));
  const returns = sequences.map((_, i) => [i % 2, i % 2]);
  const first = await criticValues(policy, critic, sequences);
  expect(first.flatMap((values) => [...values])).toEqual(new Array(64).fill(0));
  let explained = 0;
  for (let step = 0; step < 40; step++) {
    const values = await criticValues(policy, critic, sequences);
    const update = await updateCritic(policy, critic, sequences, values, returns, options);
    explained = update['critic/vf_explained_var'];
  }
  expect(explained).toBeGreaterThan(0.8);
  disposeCritic(critic);
  disposePolicy(policy);
  expect(tf.memory().numTensors).toBe(tensors);
}, 30_000);

test('an update moves the loss by a value at most cliprange_value away', async () => {
  const policy = createPolicy(config, initialWeights(config, 1));
  const critic = createCritic(policy, 0);
  const sequences = [{ prompt: [1], completion: [2] }];
  // V = 0, V_old = -1, R = 1: clipped to -1 + 0.5, so the worse of 1 and 2.25
  const update = await updateCritic(policy, critic, sequences, [[-1]], [[1]], {
    ...options,
    'critic.ppo_epochs': 1,
  });
  expect(update['critic/vf_loss']).toBeCloseTo(2.25 / 2, 5);
  disposeCritic(critic);
  disposePolicy(policy);
});

test('explained variance', () => {
  expect(explainedVariance([0, 1], [0, 1])).toBe(1);
  expect(explainedVariance([0, 0], [0, 1])).toBe(0);
  expect(explainedVariance([0.5], [1])).toBe(0);
});
