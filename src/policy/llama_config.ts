import { checkPolicyConfig, type PolicyConfig } from './config.ts';

/** The `config.json` of transformers' `LlamaForCausalLM`: both generations of keys, so that versions 4 and 5 read it. */
export function llamaConfig(config: PolicyConfig): Record<string, unknown> {
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

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads a `config.json`, ours or one that transformers wrote. A key that would make another network than ours
 * is refused, never ignored.
 * @throws Error that names the key, its value and what is supported
 */
export function readLlamaConfig(text: string): PolicyConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`loadCheckpoint(): config.json is not JSON (${(error as Error).message})`);
  }
  if (!isObject(json)) throw new Error('loadCheckpoint(): config.json must hold a JSON object');
  const only = (key: string, supported: unknown, absent?: unknown) => {
    if ((json[key] ?? absent) !== supported) throw unsupported(key, json[key], supported);
  };
  for (const [key, supported, absent] of FIXED) only(key, supported, absent);
  const config = {
    vocab_size: json.vocab_size,
    hidden_size: json.hidden_size,
    intermediate_size: json.intermediate_size,
    num_hidden_layers: json.num_hidden_layers,
    num_attention_heads: json.num_attention_heads,
    max_position_embeddings: json.max_position_embeddings,
    rms_norm_eps: json.rms_norm_eps ?? 1e-6,
    rope_theta: ropeTheta(json),
  } as PolicyConfig;
  checkPolicyConfig(config);
  const headSize = config.hidden_size / config.num_attention_heads;
  only('head_dim', headSize, headSize);
  only('num_key_value_heads', config.num_attention_heads, config.num_attention_heads);
  return config;
}

/** Keys with the only value that is supported, and the value that transformers takes where the key is missing. */
const FIXED: [key: string, supported: unknown, absent?: unknown][] = [
  ['model_type', 'llama'],
  ['tie_word_embeddings', true, false],
  ['hidden_act', 'silu', 'silu'],
  ['attention_bias', false, false],
  ['mlp_bias', false, false],
  ['partial_rotary_factor', 1, 1],
  ['sliding_window', null, null],
  ['quantization_config', null, null],
];

function unsupported(key: string, value: unknown, supported: unknown): Error {
  const shown = JSON.stringify(value) ?? 'nothing';
  return new Error(
    `loadCheckpoint(): config.json has ${key} ${shown.slice(0, 80)}, but only ${JSON.stringify(supported)} is supported; this policy computes something else`,
  );
}

/** The base of the rotary angles, from the keys of transformers 4 or 5; angles that are scaled are refused. */
function ropeTheta(json: Json): unknown {
  const { rope_theta: before, rope_scaling: scaling, rope_parameters: parameters } = json;
  for (const [key, value] of Object.entries({ rope_scaling: scaling, rope_parameters: parameters })) {
    if (value === undefined || value === null) continue;
    const {
      rope_type = 'default',
      type = 'default',
      rope_theta: _,
      partial_rotary_factor = 1,
      ...rest
    } = isObject(value) ? value : { rope_type: value };
    const plain = rope_type === 'default' && type === 'default' && partial_rotary_factor === 1;
    if (!plain || Object.keys(rest).length > 0) throw unsupported(key, value, { rope_type: 'default' });
  }
  const after = isObject(parameters) ? parameters.rope_theta : undefined;
  if (before !== undefined && after !== undefined && before !== after) {
    throw new Error(
      `loadCheckpoint(): config.json has rope_theta ${before}, but ${after} in rope_parameters; keep the right one`,
    );
  }
  return after ?? before ?? 10000;
}
