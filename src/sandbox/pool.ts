import * as Comlink from 'comlink';
import { EngineBroken } from './engine_broken.ts';
import type { ProgramJob, ProgramResult, RunOptions, Sandbox } from './types.ts';

/** What `workers/sandbox.ts` exposes. */
export interface SandboxWorkerApi {
  start(module: WebAssembly.Module): Promise<void>;
  run(jobs: ProgramJob[]): Promise<ProgramResult[]>;
}

/** A worker as the pool sees it: a `Worker`, or an endpoint in tests. */
export interface PoolWorker extends Comlink.Endpoint {
  terminate(): void;
}

export interface PoolOptions {
  /** The compiled `generated/quickjs.wasm`, shared by all workers. */
  module: WebAssembly.Module;
  /** Starts a worker that runs `workers/sandbox.ts`. */
  spawn: () => PoolWorker;
  /** Number of workers; {@link defaultPoolSize} when absent. */
  size?: number;
  /** Milliseconds without an answer after which a worker is replaced, besides 200 a job; ten times as many for a job alone. */
  patience?: number;
}

/** One worker less than there are cores, as the page and the trainer need one; at most four. */
export function defaultPoolSize(): number {
  return Math.max(1, Math.min(4, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));
}

/** Jobs sent to a worker at once: enough to make the transport's cost vanish, few enough to share out. */
const MAX_CHUNK = 32;
const START_PATIENCE_MS = 30_000;
const PATIENCE_MS = 5_000;
const PATIENCE_PER_JOB_MS = 200;

/** How many times as long a job alone is waited for: to give it up is a verdict, which no slow machine may bring about. */
const PATIENCE_ALONE = 10;

/**
 * A sandbox spread over workers. Results come in the order of the jobs and do not depend on timing: fuel alone
 * ends programs, and a worker that stops answering all the same is replaced and its jobs run again one by one.
 */
export function createPool(options: PoolOptions): Sandbox {
  return new Pool(options);
}

interface Task {
  jobs: ProgramJob[];
  resolve(results: ProgramResult[]): void;
  reject(error: unknown): void;
}

class Pool implements Sandbox {
  readonly #slots: Slot[];
  readonly #idle: Slot[];
  #waiting: Task[] = [];
  #disposed = false;

  constructor(options: PoolOptions) {
    const size = options.size ?? defaultPoolSize();
    if (!Number.isInteger(size) || size < 1) {
      throw new Error(`createPool: size must be a positive integer, got ${size}`);
    }
    this.#slots = Array.from({ length: size }, () => new Slot(options));
    this.#idle = [...this.#slots];
  }

  async run(jobs: ProgramJob[], { signal, onProgress }: RunOptions = {}): Promise<ProgramResult[]> {
    if (this.#disposed) throw new Error('sandbox: run after dispose');
    signal?.throwIfAborted();
    const length = Math.max(1, Math.min(MAX_CHUNK, Math.ceil(jobs.length / this.#slots.length)));
    const chunks: Promise<ProgramResult[]>[] = [];
    const tasks = new Set<Task>();
    let ended = 0;
    for (let at = 0; at < jobs.length; at += length) {
      const chunk = jobs.slice(at, at + length);
      chunks.push(
        new Promise<ProgramResult[]>((resolve, reject) => {
          const task: Task = { jobs: chunk, resolve, reject };
          tasks.add(task);
          this.#waiting.push(task);
        }).then((results) => {
          ended += chunk.length;
          onProgress?.(ended, jobs.length);
          return results;
        }),
      );
    }
    // Chunks already with a worker end by their fuel; their results are dropped.
    const stop = () => {
      for (const task of tasks) task.reject(signal?.reason);
      this.#waiting = this.#waiting.filter((task) => !tasks.has(task));
    };
    signal?.addEventListener('abort', stop, { once: true });
    this.#dispatch();
    try {
      return (await Promise.all(chunks)).flat();
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  dispose(): void {
    this.#disposed = true;
    for (const task of this.#waiting.splice(0)) task.reject(new Error('sandbox: disposed'));
    for (const slot of this.#slots) slot.dispose();
  }

  #dispatch(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const slot = this.#idle.pop()!;
      const task = this.#waiting.shift()!;
      slot
        .run(task.jobs)
        .then(task.resolve, task.reject)
        .finally(() => {
          this.#idle.push(slot);
          this.#dispatch();
        });
    }
  }
}

/** Thrown when a worker died or stopped answering, never for what it answered. */
class WorkerLost extends Error {
  override name = 'WorkerLost';
}

/** A place in the pool: one worker at a time, started when first needed. */
class Slot {
  readonly #options: PoolOptions;
  #worker: PoolWorker | undefined;
  // Kept for the worker's whole life: a collected proxy would close its channel.
  #remote: Comlink.Remote<SandboxWorkerApi> | undefined;
  /** Ends the wait in progress, if there is one. */
  #lose: ((error: Error) => void) | undefined;
  #disposed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async run(jobs: ProgramJob[]): Promise<ProgramResult[]> {
    try {
      return await this.#attempt(jobs, 1);
    } catch (error) {
      if (!(error instanceof WorkerLost) || this.#disposed) throw error;
    }
    // One of them stopped the worker: find it without losing the others.
    const results: ProgramResult[] = [];
    for (const job of jobs) {
      try {
        results.push(...(await this.#attempt([job], PATIENCE_ALONE)));
      } catch (error) {
        if (!(error instanceof WorkerLost) || this.#disposed) throw error;
        results.push(unanswered(job, error.message));
      }
    }
    return results;
  }

  dispose(): void {
    this.#disposed = true;
    this.#stop('disposed');
  }

  async #attempt(jobs: ProgramJob[], times: number): Promise<ProgramResult[]> {
    if (this.#disposed) throw new Error('sandbox: disposed');
    const remote = this.#remote ?? (await this.#start());
    const patience = (this.#options.patience ?? PATIENCE_MS) + jobs.length * PATIENCE_PER_JOB_MS;
    try {
      return await this.#watch(remote.run(jobs), times * patience);
    } catch (error) {
      // By its name: errors cross threads as plain ones.
      const { name, message } = error as Error;
      if (name !== new EngineBroken().name) throw error;
      this.#stop(message);
      throw new WorkerLost(`the sandbox worker was replaced: ${message}`);
    }
  }

  async #start(): Promise<Comlink.Remote<SandboxWorkerApi>> {
    const worker = this.#options.spawn();
    this.#worker = worker;
    worker.addEventListener('error', (event) => {
      if (this.#worker === worker) this.#stop((event as ErrorEvent).message || 'the worker failed');
    });
    const remote = Comlink.wrap<SandboxWorkerApi>(worker);
    this.#remote = remote;
    try {
      await this.#watch(remote.start(this.#options.module), START_PATIENCE_MS);
    } catch (error) {
      this.#stop('it did not start');
      throw new Error('sandbox: a worker did not start', { cause: error });
    }
    return remote;
  }

  /** Waits for an answer, for the worker's end, or for patience to run out. */
  async #watch<T>(answer: Promise<T>, patience: number): Promise<T> {
    const timer = setTimeout(() => this.#stop('it stopped answering'), patience);
    try {
      // No race with a promise for the worker's end, which would keep every answer as long as the worker lives.
      return await new Promise<T>((resolve, reject) => {
        this.#lose = reject;
        answer.then(resolve, reject);
      });
    } finally {
      this.#lose = undefined;
      clearTimeout(timer);
    }
  }

  #stop(reason: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#remote = undefined;
    this.#lose?.(new WorkerLost(`the sandbox worker was replaced: ${reason}`));
  }
}

function unanswered(job: ProgramJob, error: string): ProgramResult {
  return {
    loadError: { status: 'timeout', error },
    loadFuel: 0,
    calls: job.inputs.map(() => ({ status: 'timeout', error, fuel: 0 })),
  };
}
