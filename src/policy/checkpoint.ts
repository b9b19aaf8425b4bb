import { checkPolicyConfig, layoutOf, type PolicyConfig, parameterCount } from './config.ts';
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

/**
 * Reads and checks the files of a policy.
 * @throws Error that names the file, what is wrong with it and what to do
 */
export function loadCheckpoint(files: PolicyFiles): Checkpoint {
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json']) {
    if (!files[name])
      throw new Error(
        `loadCheckpoint(): ${name} is missing; a policy directory holds config.json, model.safetensors and tokenizer.json`,
      );
  }
  const text = (name: string) => new TextDecoder().decode(files[name]);
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text('config.json'));
  } catch (error) {
    throw new Error(`loadCheckpoint(): config.json is not JSON (${(error as Error).message})`);
  }
  const config = readConfig(json);
  const tokenizer = loadTokenizer(text('tokenizer.json'));
  if (tokenizer.vocabSize !== config.vocab_size) {
    throw new Error(
      `loadCheckpoint(): tokenizer.json has ${tokenizer.vocabSize} tokens, config.json says vocab_size ${config.vocab_size}; take both from the same export`,
    );
  }
  return { config, tokenizer, weights: fromLlama(config, readSafetensors(files['model.safetensors'])) };
}

/** Both generations of keys, so that transformers 4 and 5 read it. */
function llamaConfig(config: PolicyConfig): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    ...config,
    num_key_value_heads: config.num_attention_heads,
    head_dim: config.hidden_size / config.num_attention_heads,
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    tie_word_embeddings: true,
    initializer_range: 0.02,
    use_cache: true,
    rope_parameters: { rope_type: 'default', rope_theta: config.rope_theta },
    torch_dtype: 'float32',
    dtype: 'float32',
  };
}

function readConfig(json: Record<string, unknown>): PolicyConfig {
  const fixed: [string, unknown][] = [
    ['model_type', 'llama'],
    ['tie_word_embeddings', true],
    ['hidden_act', 'silu'],
    ['num_key_value_heads', json.num_attention_heads],
  ];
  for (const [key, value] of fixed) {
    if (json[key] !== value) {
      throw new Error(
        `loadCheckpoint(): config.json has ${key} ${JSON.stringify(json[key])}, but only ${JSON.stringify(value)} is supported`,
      );
    }
  }
  const rope = (json.rope_theta ??
    (json.rope_parameters as { rope_theta?: number } | undefined)?.rope_theta) as number;
  const config = {
    vocab_size: json.vocab_size,
    hidden_size: json.hidden_size,
    intermediate_size: json.intermediate_size,
    num_hidden_layers: json.num_hidden_layers,
    num_attention_heads: json.num_attention_heads,
    max_position_embeddings: json.max_position_embeddings,
    rms_norm_eps: json.rms_norm_eps,
    rope_theta: rope,
  } as PolicyConfig;
  checkPolicyConfig(config);
  return config;
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
  const weights = new Float32Array(parameterCount(config));
  let used = 0;
  for (const { name, shape, offset, size } of layoutOf(config)) {
    const own = weights.subarray(offset, offset + size);
    for (const part of partsOf(name, config)) {
      const [rows, width] = shape;
      const wanted = part.columns ? [part.columns[1] - part.columns[0], rows] : shape;
      const tensor = tensors.get(part.name);
      if (!tensor || `${tensor.shape}` !== `${wanted}`) {
        throw new Error(
          `loadCheckpoint(): model.safetensors has ${tensor ? `[${tensor.shape}]` : 'nothing'} as ${part.name}, but config.json needs [${wanted}]`,
        );
      }
      used++;
      if (!part.columns) {
        own.set(tensor.data);
        continue;
      }
      const [begin, end] = part.columns;
      for (let j = begin; j < end; j++) {
        for (let i = 0; i < rows; i++) own[i * width + j] = tensor.data[(j - begin) * rows + i];
      }
    }
  }
  if (used !== tensors.size) {
    throw new Error(
      `loadCheckpoint(): model.safetensors has ${tensors.size} tensors, but config.json needs ${used}`,
    );
  }
  return weights;
}
