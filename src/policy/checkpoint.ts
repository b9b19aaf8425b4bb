import { layoutOf, type PolicyConfig, parameterCount } from './config.ts';
import { llamaConfig, readLlamaConfig } from './llama_config.ts';
import { type NamedTensor, readSafetensors, writeSafetensors } from './safetensors.ts';
import { loadTokenizer, type Tokenizer, tokenizerFiles } from './tokenizer.ts';

/** A policy as a directory: file name to bytes. Loads as `LlamaForCausalLM` in Hugging Face transformers. */
export type PolicyFiles = Record<string, Uint8Array>;

/** What a policy directory holds. */
export interface Checkpoint {
  config: PolicyConfig;
  /** Flat, in the order of `layoutOf`. */
  weights: Float32Array;
  tokenizer: Tokenizer;
}

/** Files of a policy: config, weights and tokenizer. */
export function saveCheckpoint(
  config: PolicyConfig,
  weights: Float32Array,
  tokenizer: Tokenizer,
): PolicyFiles {
  const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
  const texts = Object.entries(tokenizerFiles(tokenizer, { maxLength: config.max_position_embeddings })).map(
    ([name, text]) => [name, new TextEncoder().encode(text)],
  );
  const special = {
    pad_token_id: tokenizer.padId,
    bos_token_id: tokenizer.eosId,
    eos_token_id: tokenizer.eosId,
  };
  return {
    'config.json': json({ ...llamaConfig(config), ...special }),
    'generation_config.json': json({ ...special, do_sample: false }),
    'model.safetensors': writeSafetensors(toLlama(config, weights)),
    ...Object.fromEntries(texts),
  };
}

/** Files that make a policy; what else lies in its directory is not read. */
export const POLICY_FILES = ['config.json', 'model.safetensors', 'tokenizer.json'] as const;

/** Texts larger than this are none of a policy that fits in a page. */
const MAX_JSON_BYTES = { 'config.json': 2 ** 20, 'tokenizer.json': 2 ** 25 };

/**
 * Reads and checks the files of a policy, whoever wrote them. Nothing is believed before it is checked, and no
 * more memory is taken than the files justify.
 * @throws Error that names the file, what is wrong with it and what to do
 */
export function loadCheckpoint(files: PolicyFiles): Checkpoint {
  for (const name of POLICY_FILES) {
    if (!files[name])
      throw new Error(
        `loadCheckpoint(): ${name} is missing; a policy directory holds config.json, model.safetensors and tokenizer.json`,
      );
  }
  const config = readLlamaConfig(readText(files, 'config.json'));
  const tokenizer = loadTokenizer(readText(files, 'tokenizer.json'));
  if (tokenizer.vocabSize !== config.vocab_size) {
    throw new Error(
      `loadCheckpoint(): tokenizer.json has ${tokenizer.vocabSize} tokens, config.json says vocab_size ${config.vocab_size}; take both from the same export`,
    );
  }
  return { config, tokenizer, weights: fromLlama(config, readSafetensors(files['model.safetensors'])) };
}

function readText(files: PolicyFiles, name: keyof typeof MAX_JSON_BYTES): string {
  const bytes = files[name];
  if (bytes.length > MAX_JSON_BYTES[name]) {
    throw new Error(
      `loadCheckpoint(): ${name} has ${bytes.length} bytes, more than ${MAX_JSON_BYTES[name]}; it is not one of a small policy`,
    );
  }
  return new TextDecoder().decode(bytes);
}

/** One of our weights and the Llama tensors that it consists of, side by side; Linear weights are [out, in] there. */
interface Part {
  name: string;
  /** Columns of our matrix; a vector or the embedding when absent. */
  columns?: [begin: number, end: number];
}

function partsOf(name: string, { hidden_size: d, intermediate_size: f }: PolicyConfig): Part[] {
  if (name === 'embedding') return [{ name: 'model.embed_tokens.weight' }];
  if (name === 'norm') return [{ name: 'model.norm.weight' }];
  const [, layer, kind] = name.split('.');
  const at = `model.layers.${layer}`;
  switch (kind) {
    case 'attention_norm':
      return [{ name: `${at}.input_layernorm.weight` }];
    case 'mlp_norm':
      return [{ name: `${at}.post_attention_layernorm.weight` }];
    case 'qkv':
      return ['q', 'k', 'v'].map((x, i) => ({
        name: `${at}.self_attn.${x}_proj.weight`,
        columns: [i * d, (i + 1) * d],
      }));
    case 'attention_out':
      return [{ name: `${at}.self_attn.o_proj.weight`, columns: [0, d] }];
    case 'gate_up':
      return ['gate', 'up'].map((x, i) => ({
        name: `${at}.mlp.${x}_proj.weight`,
        columns: [i * f, (i + 1) * f],
      }));
    case 'down':
      return [{ name: `${at}.mlp.down_proj.weight`, columns: [0, d] }];
    default:
      throw new Error(`internal: no Llama name for weight ${name}`);
  }
}

function toLlama(config: PolicyConfig, weights: Float32Array): NamedTensor[] {
  return layoutOf(config).flatMap(({ name, shape, offset, size }) => {
    const own = weights.subarray(offset, offset + size);
    return partsOf(name, config).map((part): NamedTensor => {
      if (!part.columns) return { name: part.name, shape, data: own.slice() };
      const [begin, end] = part.columns;
      const [rows, width] = shape;
      const data = new Float32Array((end - begin) * rows);
      for (let j = begin; j < end; j++) {
        for (let i = 0; i < rows; i++) data[(j - begin) * rows + i] = own[i * width + j];
      }
      return { name: part.name, shape: [end - begin, rows], data };
    });
  });
}

function fromLlama(config: PolicyConfig, tensors: Map<string, NamedTensor>): Float32Array {
  checkShapes(config, tensors);
  const weights = new Float32Array(parameterCount(config));
  for (const { name, shape, offset, size } of layoutOf(config)) {
    const own = weights.subarray(offset, offset + size);
    const [rows, width] = shape;
    for (const part of partsOf(name, config)) {
      const { data } = tensors.get(part.name)!;
      if (!part.columns) {
        own.set(data);
        continue;
      }
      const [begin, end] = part.columns;
      for (let j = begin; j < end; j++) {
        for (let i = 0; i < rows; i++) own[i * width + j] = data[(j - begin) * rows + i];
      }
    }
  }
  return weights;
}

/** Every tensor that the config needs is there with its shape, and no other. */
function checkShapes(config: PolicyConfig, tensors: Map<string, NamedTensor>): void {
  let used = 0;
  for (const { name, shape } of layoutOf(config)) {
    for (const part of partsOf(name, config)) {
      const wanted = part.columns ? [part.columns[1] - part.columns[0], shape[0]] : shape;
      const tensor = tensors.get(part.name);
      if (!tensor || `${tensor.shape}` !== `${wanted}`) {
        throw new Error(
          `loadCheckpoint(): model.safetensors has ${tensor ? `[${tensor.shape}]` : 'nothing'} as ${part.name}, but config.json needs [${wanted}]`,
        );
      }
      used++;
    }
  }
  if (used !== tensors.size) {
    const needed = new Set(
      layoutOf(config).flatMap(({ name }) => partsOf(name, config).map((part) => part.name)),
    );
    const stray = [...tensors.keys()].find((name) => !needed.has(name));
    throw new Error(
      `loadCheckpoint(): model.safetensors has ${tensors.size} tensors, but config.json needs ${used}; ${stray} is none of them`,
    );
  }
}
