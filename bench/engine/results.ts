import type { Product } from './cases.ts';

/** How much to measure. */
export interface Plan {
  contenders: string[];
  /** Whether to measure PyTorch too, where it is installed; on the CPU, and so beside wasm. */
  torch: boolean;
  sizes: string[];
  /** Of a training step. */
  sequences: number;
  length: number;
  /** Rows decoded together; each prompt has 8 completions, as in a group. */
  rolloutRows: number[];
  promptLength: number;
  newTokens: number;
  /** Seconds that repetitions of one measurement may take for each contender; one is always made. */
  seconds: number;
  repetitions: number;
}

/** Repeated figures of one contender: all of them, in order. */
export interface TrainingRow {
  contender: string;
  /** Seconds of a step, one for each repetition. */
  seconds: number[];
  firstStepSeconds: number;
  loss: number;
  gradientNorm: number;
  lossAfterOneStep: number;
  dispatches: number;
  createdGpuBytes: number;
  /** Held after the repetitions. */
  gpuBytes: number;
  wasmBytes: number;
}

export interface RolloutRow {
  contender: string;
  decoding: string;
  rows: number;
  /** Of the prompts, and new tokens made; fewer than planned where time ran out. */
  promptLength: number;
  newTokens: number;
  tokensPerSecond: number[];
  /** For each position of the whole batch. */
  dispatchesPerPosition: number;
}

export interface ProductRow {
  product: Product;
  /** By contender, in 1e9 multiplications and additions a second. */
  gflops: Record<string, number>;
}

/** Everything about one size on one backend. */
export interface SizeResult {
  size: string;
  parameters: number;
  tokensPerStep: number;
  /** Seconds that repetitions of a measurement were given. */
  paced: number;
  training: TrainingRow[];
  rollouts: RolloutRow[];
  products: ProductRow[];
  /** Seconds that a step's linear layers take with the best product of any contender (but PyTorch), shape by shape. */
  rooflineSeconds: number;
  /** Contenders that failed or disagreed, with the reason. */
  failures: Record<string, string>;
  /** What was left out because it would have taken too long. */
  leftOut: string[];
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
