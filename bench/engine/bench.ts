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
  /** New tokens of each row. */
  length: number;
  rows: number;
  dispatches: number;
  /** Tokens of every row, where asked for. */
  tokens?: number[][];
}

/** The contender behind a worker or process boundary, with clocks and counters on its side. */
export type Bench = ReturnType<typeof benchOf>;

/** How long products of one shape are timed, in seconds. */
const PRODUCT_SECONDS = 0.15;

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
      const isWhole = length === job.newTokens || firstToken === undefined;
      const rate = isWhole ? length / seconds : (length - 1) / (seconds - firstToken!);
      return {
        seconds,
        tokensPerSecond: rows.length * rate,
        length,
        rows: rows.length,
        dispatches,
        ...(wantTokens && { tokens: rows }),
      };
    },

    /** Seconds of one product: as many as fit into a short time, with one wait at the end. */
    async product(product: Product): Promise<number> {
      const { multiply, dispose } = await contender.product(product);
      try {
        multiply();
        await contender.sync();
        const once = await timed(multiply);
        const count = Math.min(1000, Math.max(1, Math.round(PRODUCT_SECONDS / once)));
        if (count === 1) return once;
        const all = await timed(() => {
          for (let i = 0; i < count; i++) multiply();
        });
        return all / count;
      } finally {
        dispose();
      }
    },

    memory: () => ({ ...readCounters(), wasmBytes: wasmBytes() }),
  };
}
