import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { defaultPolicyConfig } from './config.ts';
import { createPolicy, disposePolicy, initialWeights, type Policy } from './policy.ts';
import { sample } from './sampler.ts';
import { createTokenizer } from './tokenizer.ts';
import { type WriteOptions, type WrittenToken, writeCompletion } from './write.ts';

const tokenizer = createTokenizer();
const options: WriteOptions = { temperature: 0, maxNewTokens: 12, seed: 3, alternatives: 5 };
const prompt = tokenizer.encode('<|task|> double each<|code|>function f(a) {\n');
let policy: Policy;

beforeAll(async () => {
  await useWasm(nodeWasmFiles());
  const config = { ...defaultPolicyConfig(tokenizer.vocabSize), num_hidden_layers: 2 };
  policy = createPolicy(config, initialWeights(config, 1));
});

async function write(change: Partial<WriteOptions> = {}): Promise<WrittenToken[]> {
  const tokens: WrittenToken[] = [];
  await writeCompletion(policy, tokenizer, prompt, { ...options, ...change }, (token) => tokens.push(token));
  return tokens;
}

test('writes greedily what the sampler writes, and leaves no tensor behind', async () => {
  const tensors = tf.memory().numTensors;
  const written = await write();
  const [[sampled]] = await sample(policy, [prompt], {
    n: 1,
    maxNewTokens: 12,
    temperature: 0,
    topP: 1,
    eosId: tokenizer.eosId,
    seed: 0,
    stream: 0,
  });
  expect(written.map(({ id }) => id)).toEqual(sampled.tokens);
  for (const [i, { probability }] of written.entries()) {
    expect(Math.log(probability)).toBeCloseTo(sampled.logProbs[i], 3);
  }
  expect(tf.memory().numTensors).toBe(tensors);
});

test('tells what else was likely, most likely first', async () => {
  for (const { alternatives, probability, id } of await write()) {
    expect(alternatives).toHaveLength(5);
    expect(alternatives[0]).toMatchObject({ id, probability });
    const likely = alternatives.map((other) => other.probability);
    expect(likely).toEqual([...likely].sort((a, b) => b - a));
    expect(likely.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1 + 1e-9);
  }
});

test('a seed fixes the draws; a higher temperature flattens the distribution', async () => {
  const ids = async (change: Partial<WriteOptions>) => (await write(change)).map(({ id }) => id);
  expect(await ids({ temperature: 1 })).toEqual(await ids({ temperature: 1 }));
  expect(await ids({ temperature: 1, seed: 4 })).not.toEqual(await ids({ temperature: 1 }));
  const [cool] = await write({ temperature: 0.5 });
  const [hot] = await write({ temperature: 2 });
  expect(hot.alternatives[0].probability).toBeLessThan(cool.alternatives[0].probability);
});

test('refuses a prompt that leaves no room', async () => {
  const long = new Array(policy.config.max_position_embeddings).fill(5);
  await expect(writeCompletion(policy, tokenizer, long, options, () => {})).rejects.toThrow(/leaves no room/);
  await expect(writeCompletion(policy, tokenizer, [], options, () => {})).rejects.toThrow(/empty/);
  disposePolicy(policy);
});
