import { beforeAll, expect, test } from 'vitest';
import { defaultPolicyConfig } from '../policy/config.ts';
import { createPolicy, initialWeights } from '../policy/policy.ts';
import { createTokenizer } from '../policy/tokenizer.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { type GenerateOptions, type Generator, generateBatch } from './generate.ts';
import type { Prompt, PromptSource } from './types.ts';

const options: GenerateOptions = {
  seed: 0,
  train_batch_size: 4,
  'rollout.n': 2,
  'rollout.temperature': 1,
  'rollout.top_p': 1,
  'filter_groups.enable': true,
  'filter_groups.metric': 'acc',
  'filter_groups.max_num_gen_batches': 3,
  'overlong_buffer.enable': false,
  'overlong_buffer.len': 2,
  'overlong_buffer.penalty_factor': 1,
  use_kl_in_reward: false,
  kl_penalty: 'k1',
  'kl_ctrl.kl_coef': 0,
};

/** Every second prompt has one right and one wrong completion, the others two wrong ones. */
function source(limit = Number.POSITIVE_INFINITY): PromptSource {
  let drawn = 0;
  return {
    name: 'code',
    maxNewTokens: 2,
    draw: (_step, count) =>
      Array.from({ length: Math.min(count, limit - drawn) }, (): Prompt => {
        const id = String(drawn++);
        return { id, source: 'code', text: id, tokens: [5], item: null };
      }),
    grade: async (prompts, completions) =>
      prompts.map(({ id }, i) =>
        completions[i].map((_, j) => {
          const right = Number(id) % 2 === 0 && j === 0 ? 1 : 0;
          return { reward: right, accuracy: right, parts: {} };
        }),
      ),
    observe: async () => ({}),
    save: () => null,
    restore() {},
  };
}

let generator: Omit<Generator, 'shares'>;
beforeAll(async () => {
  await useWasm(nodeWasmFiles());
  const tokenizer = createTokenizer();
  const config = { ...defaultPolicyConfig(tokenizer.vocabSize), num_hidden_layers: 1 };
  generator = { policy: createPolicy(config, initialWeights(config, 1)), tokenizer };
});

const generate = (one: PromptSource, change: Partial<GenerateOptions> = {}) =>
  generateBatch({ ...generator, shares: [{ source: one, ratio: 1 }] }, 1, { ...options, ...change });

test('dynamic sampling goes on until enough groups teach something', async () => {
  const { groups, kept, rounds } = await generate(source());
  expect(rounds).toBe(2);
  expect(groups).toHaveLength(8);
  expect(kept.map(({ prompt }) => prompt.id)).toEqual(['0', '2', '4', '6']);
});

test('rounds of one step draw other completions for the same prompt', async () => {
  const { groups } = await generate(source());
  const texts = groups.map(({ completions }) => completions.map(({ tokens }) => tokens.join()).join(' '));
  expect(new Set(texts).size).toBe(groups.length);
});

test('it ends after max_num_gen_batches, or when the source has no more', async () => {
  const few = await generate(source(), { 'filter_groups.max_num_gen_batches': 1 });
  expect(few.kept).toHaveLength(2);
  const dry = await generate(source(6));
  expect(dry.groups).toHaveLength(6);
  expect(dry.kept).toHaveLength(3);
});

test('without it every group is kept', async () => {
  const { groups, kept, rounds } = await generate(source(), { 'filter_groups.enable': false });
  expect(groups).toEqual(kept);
  expect([groups.length, rounds]).toEqual([4, 1]);
});
