import type { ModelCase, Product } from './cases.ts';

export type Backend = 'webgpu' | 'wasm';

/** One decoding of a batch of prompts.length * n rows; no row ends early. */
export interface RolloutJob {
  /** Distinct prompts, all of one length. */
  prompts: number[][];
  /** Completions of each prompt. */
  n: number;
  newTokens: number;
  /** 0 is greedy. */
  temperature: number;
  /** A contender that decodes token by token stops after the token in which these seconds have passed. */
  seconds: number;
}

/** Completions in order of prompts, then samples; shorter than asked when time ran out. */
export interface Rollout {
  rows: number[][];
  /** Seconds until the first token was there, prompts read; absent where tokens do not come one by one. */
  firstToken?: number;
}

/**
 * The same work in one library. Methods without a result to read may come back before the device has finished;
 * `sync` waits for it.
 */
export interface Contender {
  /** Resolves to what it runs on: the adapter, or the wasm build and its threads. */
  start(backend: Backend): Promise<string>;
  /** Fresh weights, optimizer and batch; frees those of an earlier case. */
  load(model: ModelCase): Promise<void>;
  /** A step that tells the global norm of its gradient too. */
  firstStep(): Promise<{ loss: number; gradientNorm: number }>;
  /** Forward, backward, Adam; resolves to the loss before the update. */
  step(): Promise<number>;
  /** The ways in which this library decodes. */
  rollouts: Record<string, (job: RolloutJob) => Promise<Rollout>>;
  /** Puts operands on the device; `multiply` computes the product and leaves it there, or frees it. */
  product(product: Product): Promise<{ multiply(): void; dispose(): void }>;
  /** Resolves when the device has done everything so far. */
  sync(): Promise<void>;
}

/** Gathers tokens that come position by position, and says when to stop. */
export function collector(job: RolloutJob) {
  const started = performance.now();
  const rows: number[][] = Array.from({ length: job.prompts.length * job.n }, () => []);
  const elapsed = () => (performance.now() - started) / 1000;
  let firstToken = 0;
  return {
    add(tokens: ArrayLike<number>): void {
      rows.forEach((row, i) => {
        row.push(tokens[i]);
      });
      if (rows[0].length === 1) firstToken = elapsed();
    },
    /** At least two tokens are made, so that every compiled function has run. */
    isDone: () => rows[0].length === job.newTokens || (rows[0].length > 1 && elapsed() > job.seconds),
    result: (): Rollout => ({ rows, firstToken }),
  };
}
