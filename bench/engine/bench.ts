import type { ModelCase, Product } from './cases.ts';
import type { Backend, Contender, RolloutJob } from './contender.ts';
import { type Counters, deviceErrors, readCounters, wasmBytes } from './counters.ts';

/** Steps in a row, timed together. */
export interface StepTiming {
  /** Seconds of one step. */
  seconds: number;
  /** Of the last step. */
  loss: number;
  /** In one step. */
  dispatches: number;
  createdGpuBytes: number;
}

export interface RolloutTiming {
  seconds: number;
  /** Where it was cut short: without the first token, which reads the prompts. */
  tokensPerSecond: number;
  /** Whether it was cut short, so that the rate leaves out whatever was compiled for the first token. */
  isSteady: boolean;
  /** New tokens of each row. */
  length: number;
  rows: number;
  dispatches: number;
  /** Tokens of every row, where asked for. */
  tokens?: number[][];
}

/** The contender behind a worker or process boundary, with clocks and counters on its side. */
export type Bench = ReturnType<typeof benchOf>;

/** Blocks in which products of one shape are timed. */
const PRODUCT_BLOCKS = 3;

/** Wraps a contender for calls from elsewhere: everything that goes in and out can be cloned. */
export function benchOf(contender: Contender) {
  const timed = async (work: () => Promise<unknown> | unknown): Promise<number> => {
    const start = performance.now();
    await work();
    await contender.sync();
    const seconds = (performance.now() - start) / 1000;
    // A library that nobody tells of its device's errors computes on, and wrong.
    if (deviceErrors.length > 0) throw new Error(`WebGPU reported: ${deviceErrors[0]}`);
    return seconds;
  };
  const since = (before: Counters) => {
    const after = readCounters();
    return {
      dispatches: after.dispatches - before.dispatches,
      createdGpuBytes: after.createdGpuBytes - before.createdGpuBytes,
    };
  };
  return {
    start: (backend: Backend) => contender.start(backend),
    decodings: () => Object.keys(contender.rollouts),

    async load(model: ModelCase): Promise<void> {
      await contender.load(model);
      await contender.sync();
    },

    /** The first step, compilation and all. */
    async firstStep(): Promise<{ loss: number; gradientNorm: number; seconds: number }> {
      let result = { loss: Number.NaN, gradientNorm: Number.NaN };
      const seconds = await timed(async () => {
        result = await contender.firstStep();
      });
      return { ...result, seconds };
    },

    async steps(count: number): Promise<StepTiming> {
      const before = readCounters();
      let loss = Number.NaN;
      const seconds = await timed(async () => {
        for (let i = 0; i < count; i++) loss = await contender.step();
      });
      const { dispatches, createdGpuBytes } = since(before);
      return {
        seconds: seconds / count,
        loss,
        dispatches: dispatches / count,
        createdGpuBytes: createdGpuBytes / count,
      };
    },

    async rollout(job: RolloutJob, decoding: string, wantTokens = false): Promise<RolloutTiming> {
      const before = readCounters();
      let rows: number[][] = [];
      let firstToken: number | undefined;
      const seconds = await timed(async () => {
        ({ rows, firstToken } = await contender.rollouts[decoding](job));
      });
      const { dispatches } = since(before);
      const length = rows[0].length;
      const isSteady = length < job.newTokens && firstToken !== undefined;
      const rate = isSteady ? (length - 1) / (seconds - firstToken!) : length / seconds;
      return {
        seconds,
        tokensPerSecond: rows.length * rate,
        isSteady,
        length,
        rows: rows.length,
        dispatches,
        ...(wantTokens && { tokens: rows }),
      };
    },

    /** Seconds of one product: the best of some blocks, each of so many seconds, with one wait at its end. */
    async product(product: Product, blockSeconds: number): Promise<number> {
      const { multiply, dispose } = await contender.product(product);
      try {
        multiply();
        await contender.sync();
        let best = await timed(multiply);
        // A product that takes longer than all blocks together needs no averaging.
        for (let block = 0; block < PRODUCT_BLOCKS && best < PRODUCT_BLOCKS * blockSeconds; block++) {
          const count = Math.min(1000, Math.max(1, Math.round(blockSeconds / best)));
          const seconds = await timed(() => {
            for (let i = 0; i < count; i++) multiply();
          });
          best = Math.min(best, seconds / count);
        }
        return best;
      } finally {
        dispose();
      }
    },

    memory: () => ({ ...readCounters(), wasmBytes: wasmBytes() }),
  };
}
