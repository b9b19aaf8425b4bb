import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codePrompt, executionPrompt } from '../tasks/format.ts';
import { generateTasks } from '../tasks/generate.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { pack } from '../tensor/packed.ts';
import { loadCheckpoint, type PolicyFiles, saveCheckpoint } from './checkpoint.ts';
import type { PolicyConfig } from './config.ts';
import { createPolicy, disposePolicy, initialWeights } from './policy.ts';
import { pythonLacks, runPython } from './python.ts';
import { sample } from './sampler.ts';
import { createTokenizer } from './tokenizer.ts';
import { forward, weightsOf } from './transformer.ts';

const SHIPPED = path.join(import.meta.dirname, '../../public/policy');
const NEW_TOKENS = 24;

function readDirectory(directory: string): PolicyFiles {
  const names = readdirSync(directory);
  return Object.fromEntries(
    names.map((name) => [name, new Uint8Array(readFileSync(path.join(directory, name)))]),
  );
}

/** The shipped policy as we write it now, and one of another shape and base with fresh, sharpened weights. */
function policies(): [name: string, files: PolicyFiles][] {
  const shipped = loadCheckpoint(readDirectory(SHIPPED));
  const tokenizer = createTokenizer();
  const other: PolicyConfig = {
    vocab_size: tokenizer.vocabSize,
    hidden_size: 64,
    intermediate_size: 100,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-4,
    rope_theta: 500,
  };
  const weights = initialWeights(other, 9).map((value) => value * 1.5);
  return [
    ['the shipped policy', saveCheckpoint(shipped.config, shipped.weights, shipped.tokenizer)],
    ['another shape', saveCheckpoint(other, weights, tokenizer)],
  ];
}

const tasks = generateTasks({
  families: ['pipelines', 'counters', 'narrated'],
  split: 'heldout',
  count: 4,
  seed: 8,
});
const prompts = tasks.flatMap((task) => [
  codePrompt(task),
  executionPrompt({ inputs: task.hiddenTests[0]!.input, program: task.reference!, variables: ['return'] }),
]);
const texts = [...prompts, 'naïve 日本 🙂\r\n\t', '  let b = a;<|eos|><|pad|>', ' -99 100 -0', ''];

/** What we compute: logits after each prompt, and the tokens that follow greedily. */
async function ours(files: PolicyFiles) {
  const { config, weights, tokenizer } = loadCheckpoint(files);
  const policy = createPolicy(config, weights);
  const ids = prompts.map((prompt) => tokenizer.encode(prompt));
  const named = tf.tidy(() => weightsOf(policy.parameters, config));
  const last = ids.map((_, i) => ids.slice(0, i + 1).reduce((sum, one) => sum + one.length, 0) - 1);
  const logits = tf.tidy(() => forward(policy, named, pack(ids), Int32Array.from(last)).arraySync());
  const options = { n: 1, maxNewTokens: NEW_TOKENS, temperature: 0, topP: 1, eosId: 1, seed: 0, stream: 0 };
  const greedy = (await sample(policy, ids, options)).map(([one]) => one!.tokens);
  tf.dispose(named);
  disposePolicy(policy);
  return { ids, logits, greedy };
}

function expectNear(theirs: readonly (readonly number[])[], own: readonly (readonly number[])[]): void {
  const difference = own.map((row, i) =>
    Math.max(...row.map((value, j) => Math.abs(value - theirs[i]![j]!))),
  );
  expect(Math.max(...difference)).toBeLessThan(1e-4);
}

/**
 * Logits after the last token, read from the files alone by the names, layouts and formulas of transformers'
 * `LlamaForCausalLM`: Linear weights [out, in], half-split rotary angles, double precision. Shares no code with us.
 */
function llamaLogits(files: PolicyFiles, ids: readonly number[]): number[] {
  const config = JSON.parse(Buffer.from(files['config.json']!).toString());
  const file = Buffer.from(files['model.safetensors']!);
  const headerSize = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + headerSize).toString());
  const tensor = (name: string): { at: (i: number) => number; columns: number; rows: number } => {
    const { shape, data_offsets: offsets } = header[name];
    const begin = 8 + headerSize + offsets[0];
    return { at: (i) => file.readFloatLE(begin + 4 * i), rows: shape[0], columns: shape[1] ?? 1 };
  };
  const times = (name: string, x: readonly number[]) => {
    const { at, rows, columns } = tensor(name);
    return Array.from({ length: rows }, (_, i) =>
      x.reduce((sum, value, j) => sum + at(i * columns + j) * value, 0),
    );
  };
  const norm = (name: string, x: readonly number[]) => {
    const { at } = tensor(name);
    const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + config.rms_norm_eps);
    return x.map((value, i) => value * scale * at(i));
  };
  const size = config.head_dim;
  const rotate = (x: readonly number[], position: number) =>
    x.map((value, i) => {
      const half = i % (size / 2);
      const angle = position / config.rope_parameters.rope_theta ** ((2 * half) / size);
      const partner = i < size / 2 ? -x[i + size / 2]! : x[i - size / 2]!;
      return value * Math.cos(angle) + partner * Math.sin(angle);
    });
  const embedding = tensor('model.embed_tokens.weight');
  let states = ids.map((id) =>
    Array.from({ length: config.hidden_size }, (_, j) => embedding.at(id * embedding.columns + j)),
  );
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    const inner = states.map((x) => norm(`${at}.input_layernorm.weight`, x));
    const [q, k, v] = ['q', 'k', 'v'].map((x) =>
      inner.map((row) => times(`${at}.self_attn.${x}_proj.weight`, row)),
    );
    const mixed = states.map((_, position) =>
      Array.from({ length: config.num_attention_heads }, (_, head) => {
        const part = (x: number[]) => x.slice(head * size, (head + 1) * size);
        const query = rotate(part(q![position]!), position);
        const scores = k!.slice(0, position + 1).map((key, i) => {
          const rotated = rotate(part(key), i);
          return query.reduce((sum, value, j) => sum + value * rotated[j]!, 0) / Math.sqrt(size);
        });
        const highest = Math.max(...scores);
        const shares = scores.map((score) => Math.exp(score - highest));
        const total = shares.reduce((sum, share) => sum + share, 0);
        return Array.from({ length: size }, (_, j) =>
          shares.reduce((sum, share, i) => sum + (share / total) * part(v![i]!)[j]!, 0),
        );
      }).flat(),
    );
    states = states.map((x, i) => {
      const added = times(`${at}.self_attn.o_proj.weight`, mixed[i]!).map((value, j) => x[j]! + value);
      const rest = norm(`${at}.post_attention_layernorm.weight`, added);
      const up = times(`${at}.mlp.up_proj.weight`, rest);
      const gated = times(`${at}.mlp.gate_proj.weight`, rest).map(
        (g, j) => (g / (1 + Math.exp(-g))) * up[j]!,
      );
      return times(`${at}.mlp.down_proj.weight`, gated).map((value, j) => added[j]! + value);
    });
  }
  return times('model.embed_tokens.weight', norm('model.norm.weight', states.at(-1)!));
}

beforeAll(() => useWasm(nodeWasmFiles()));

describe.each(policies())('%s', (_, files) => {
  const place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(path.join(place, name), bytes);
  afterAll(() => rmSync(place, { recursive: true }));

  test('an independent reader of the Llama layout computes our logits', { timeout: 60_000 }, async () => {
    const own = await ours(files);
    const few = own.ids.slice(0, 3);
    expectNear(
      few.map((ids) => llamaLogits(files, ids)),
      own.logits.slice(0, few.length),
    );
  });

  const lacks = pythonLacks(['torch', 'transformers']);
  test.skipIf(lacks)(
    `transformers computes, generates and tokenizes the same${lacks ? ` (${lacks})` : ''}`,
    { timeout: 120_000 },
    async () => {
      const questions = { prompts, texts, new_tokens: NEW_TOKENS, save_to: `${place}/saved` };
      const script = path.join(import.meta.dirname, 'transformers_check.py');
      const theirs = JSON.parse(runPython([script, place], JSON.stringify(questions)));
      const own = await ours(files);
      expectNear(theirs.logits, own.logits);
      expect(theirs.greedy).toEqual(own.greedy);
      const { tokenizer, ...policy } = loadCheckpoint(files);
      expect(theirs.ids).toEqual(texts.map((text) => tokenizer.encode(text)));
      expect(theirs.decoded).toEqual(texts);
      // What transformers saves again, fine-tuned or not, is a policy of ours.
      const { tokenizer: readAgain, ...back } = loadCheckpoint(readDirectory(questions.save_to));
      expect(back).toEqual(policy);
      expect(readAgain.spellings).toEqual(tokenizer.spellings);
    },
  );
});
