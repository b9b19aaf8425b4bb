import { type PolicyConfig, parameterCount } from '../../src/policy/config.ts';
import { initialWeights } from '../../src/policy/policy.ts';
import { random } from '../../src/tensor/random.ts';

/** A model and the batch that every contender trains it on. */
export interface ModelCase {
  config: PolicyConfig;
  /** Sequences of a training step, all of one length, so that nobody computes on padding. */
  sequences: number;
  /** Tokens that a sequence feeds into the model; each predicts the one after it. */
  length: number;
}

/** Sizes by name: 4 layers, 4 heads, a SwiGLU 3.5 times as wide as the model, tied embeddings. */
export const SIZES: Record<string, number> = { tiny: 64, '0.25M': 64, '1M': 128, '4M': 256 };

/** The learning rate of the benchmark's steps: large enough that one step shows in the loss. */
export const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

/** The policy of a size. `tiny` has one layer: it is there to try the benchmark itself. */
export function modelConfig(size: string, positions: number): PolicyConfig {
  const width = SIZES[size];
  if (!width) throw new Error(`--sizes: no size "${size}"; choose from ${Object.keys(SIZES).join(', ')}`);
  return {
    vocab_size: size === 'tiny' ? 96 : 384,
    hidden_size: width,
    intermediate_size: (width * 7) / 2,
    num_hidden_layers: size === 'tiny' ? 1 : 4,
    num_attention_heads: 4,
    max_position_embeddings: positions,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
  };
}

/** The same fresh weights for all, flat, in the order of `layoutOf`. */
export function caseWeights({ config }: ModelCase): Float32Array {
  return initialWeights(config, 1);
}

/** `sequences` rows of `length + 1` tokens, the same for all. */
export function caseTokens({ config, sequences, length }: ModelCase): number[][] {
  const source = random(11, 0xbe9c);
  return Array.from({ length: sequences }, () =>
    Array.from({ length: length + 1 }, () => source.int(config.vocab_size)),
  );
}

/** Distinct prompts of one length. */
export function casePrompts(config: PolicyConfig, count: number, length: number): number[][] {
  const source = random(12, 0xbe9c);
  return Array.from({ length: count }, () => Array.from({ length }, () => source.int(config.vocab_size)));
}

/** A product of the model: `a` [m, k] times `b` [k, n], either stored transposed. */
export interface Product {
  m: number;
  k: number;
  n: number;
  transposeA: boolean;
  transposeB: boolean;
  /** How often a training step computes it. */
  times: number;
}

/** The products of linear layers in one training step: forward, and backward to inputs and weights. */
export function stepProducts({ config, sequences, length }: ModelCase): Product[] {
  const { hidden_size: d, intermediate_size: f, vocab_size: v, num_hidden_layers: layers } = config;
  const rows = sequences * length;
  const linears: [inputs: number, outputs: number, times: number, tied: boolean][] = [
    [d, 3 * d, layers, false],
    [d, d, layers, false],
    [d, 2 * f, layers, false],
    [f, d, layers, false],
    [d, v, 1, true],
  ];
  return linears.flatMap(([inputs, outputs, times, tied]) => [
    { m: rows, k: inputs, n: outputs, transposeA: false, transposeB: tied, times },
    { m: rows, k: outputs, n: inputs, transposeA: false, transposeB: !tied, times },
    tied
      ? { m: outputs, k: rows, n: inputs, transposeA: true, transposeB: false, times }
      : { m: inputs, k: rows, n: outputs, transposeA: true, transposeB: false, times },
  ]);
}

/** Multiplications and additions of the products. */
export function flops({ m, k, n }: Product): number {
  return 2 * m * k * n;
}

export { parameterCount };
