/** Shape of a policy, in the names of a Hugging Face Llama `config.json`. */
export interface PolicyConfig {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  rope_theta: number;
}

/** The shape that the shipped policy has: small enough to learn within minutes on one core. */
export function defaultPolicyConfig(vocabSize: number): PolicyConfig {
  return {
    vocab_size: vocabSize,
    hidden_size: 64,
    intermediate_size: 192,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    max_position_embeddings: 256,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
  };
}

/** One weight's place in the flat parameter buffer. */
export interface WeightSpec {
  name: string;
  shape: number[];
  offset: number;
  size: number;
  /** Matrices decay, embeddings and gains do not. */
  decay: boolean;
}

/** All weights in the order of the flat buffer; matrices are [in, out]. */
export function layoutOf(config: PolicyConfig): WeightSpec[] {
  const { hidden_size: d, intermediate_size: f, vocab_size: v } = config;
  const specs: WeightSpec[] = [];
  let offset = 0;
  const add = (name: string, shape: number[], decay: boolean) => {
    const size = shape.reduce((a, b) => a * b, 1);
    specs.push({ name, shape, offset, size, decay });
    offset += size;
  };
  add('embedding', [v, d], false);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    add(`layers.${i}.attention_norm`, [d], false);
    add(`layers.${i}.qkv`, [d, 3 * d], true);
    add(`layers.${i}.attention_out`, [d, d], true);
    add(`layers.${i}.mlp_norm`, [d], false);
    add(`layers.${i}.gate_up`, [d, 2 * f], true);
    add(`layers.${i}.down`, [f, d], true);
  }
  add('norm', [d], false);
  return specs;
}

/** Number of parameters. */
export function parameterCount(config: PolicyConfig): number {
  const last = layoutOf(config).at(-1)!;
  return last.offset + last.size;
}

/** Checks a shape; errors name the field, the value and what is allowed. */
export function checkPolicyConfig(config: PolicyConfig): void {
  const wrong = (field: keyof PolicyConfig, rule: string): never => {
    throw new Error(`policy config: ${field} is ${JSON.stringify(config[field])}, but must be ${rule}`);
  };
  const integers: [keyof PolicyConfig, number, number][] = [
    ['vocab_size', 8, 1e6],
    ['hidden_size', 16, 4096],
    ['intermediate_size', 4, 16384],
    ['num_hidden_layers', 1, 64],
    ['num_attention_heads', 1, 64],
    ['max_position_embeddings', 8, 65536],
  ];
  for (const [field, low, high] of integers) {
    const value = config[field];
    if (!Number.isInteger(value) || value < low || value > high)
      wrong(field, `an integer from ${low} to ${high}`);
  }
  if (config.hidden_size % (16 * config.num_attention_heads) !== 0) {
    wrong('hidden_size', `a multiple of 16 x num_attention_heads (${16 * config.num_attention_heads})`);
  }
  if (config.intermediate_size % 4 !== 0) wrong('intermediate_size', 'a multiple of 4');
  const { rms_norm_eps: eps, rope_theta: theta } = config;
  if (typeof eps !== 'number' || !(eps > 0 && eps < 1)) wrong('rms_norm_eps', 'a number between 0 and 1');
  if (!Number.isFinite(theta) || theta <= 1) wrong('rope_theta', 'a number greater than 1');
}
