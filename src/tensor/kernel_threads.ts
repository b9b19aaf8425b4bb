import { CONTROL, kernelNames, MAX_ARGUMENTS, type ThreadStart, takeChunks } from './kernel_thread.mjs';

export type { ThreadStart };

/** A thread that helps. */
interface Helper {
  terminate(): void;
}

/** Starts a thread; resolves once it serves. */
export type SpawnThread = (start: ThreadStart) => Promise<Helper>;

/** The job in memory that all threads see. */
type Job = Pick<ThreadStart, 'control' | 'values'>;

/** More threads than this would find chunks too small to be worth taking. */
const MAX_THREADS = 16;

/** Work below this many operations (multiplications and additions, about) stays on one thread: some 30 microseconds. */
const MIN_WORK = 1_000_000;

/** A chunk holds at least this many operations, so that taking it costs nothing beside them. */
const MIN_CHUNK = 100_000;

/** Chunks a thread, so that one that was held up leaves its share to the others. */
const CHUNKS_PER_THREAD = 4;

/** Looks at the number of active threads before sleeping. */
const SPINS = 2000;

/**
 * Threads for `threads = 0` (auto): every core, as the sandbox does not run while the device computes; from
 * eight cores on one is left to the page.
 */
export function threadCount(asked: number, cores: number): number {
  if (!Number.isInteger(asked) || asked < 0) {
    throw new Error(`threadCount(): threads must be an integer from 0 (auto) on, got ${asked}`);
  }
  const wanted = asked > 0 ? asked : cores >= 8 ? cores - 1 : cores;
  return Math.max(1, Math.min(MAX_THREADS, wanted));
}

/**
 * The kernels, computed by the calling thread and those that help it. What a kernel computes for an item does not
 * depend on who does it or on the chunks, so results are the same to the bit for any number of threads.
 */
export class KernelThreads {
  readonly #simd: Record<string, (...args: number[]) => void>;
  readonly #numbers: Map<string, number>;
  readonly #job: Job;
  readonly #helpers: Helper[];
  readonly #onKernel: () => void;

  private constructor(
    instance: WebAssembly.Instance,
    names: string[],
    job: Job,
    helpers: Helper[],
    onKernel: () => void,
  ) {
    this.#simd = instance.exports as Record<string, (...args: number[]) => void>;
    this.#numbers = new Map(names.map((name, i) => [name, i]));
    this.#job = job;
    this.#helpers = helpers;
    this.#onKernel = onKernel;
  }

  /**
   * Instantiates the kernels and starts the threads that help.
   * @param module the kernels: built for shared memory when `threads` is above 1
   * @param threads in all, the calling one included; `spawn` starts the others
   * @param onKernel called before each kernel
   */
  static async start(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    threads: number,
    spawn: SpawnThread | undefined,
    onKernel: () => void = () => {},
  ): Promise<KernelThreads> {
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const room = (bytes: number) => (threads > 1 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
    const job: Job = {
      control: new Int32Array(room(4 * CONTROL.words)),
      values: new Float64Array(room(8 * MAX_ARGUMENTS)),
    };
    const helpers = await Promise.all(
      Array.from({ length: threads - 1 }, (_, i) => spawn!({ module, memory, ...job, index: i + 1 })),
    );
    return new KernelThreads(instance, kernelNames(module), job, helpers, onKernel);
  }

  /** Threads that compute, the calling one included. */
  get size(): number {
    return this.#helpers.length + 1;
  }

  /** Runs a kernel on all of `items`; `work` is the operations of one item, about. */
  run(kernel: string, items: number, work: number, ...args: number[]): void {
    if (items <= 0) return;
    this.#onKernel();
    if (this.#helpers.length === 0 || items === 1 || items * work < MIN_WORK) {
      this.#simd[kernel](...args, 0, items);
      return;
    }
    const share = Math.ceil(items / (this.size * CHUNKS_PER_THREAD));
    const chunk = Math.max(share, Math.ceil(MIN_CHUNK / work));
    // Kernels take four rows at once where they can.
    this.#open(kernel, items, chunk > 4 ? Math.ceil(chunk / 4) * 4 : chunk, args);
    try {
      takeChunks(this.#simd[kernel], args, this.#job.control);
    } finally {
      this.#close(kernel);
    }
  }

  /** Runs a kernel that is too small to share, on the calling thread. */
  runAlone(kernel: string, ...args: number[]): void {
    this.#simd[kernel](...args);
  }

  /** Ends the threads that help. */
  dispose(): void {
    for (const helper of this.#helpers.splice(0)) helper.terminate();
  }

  #open(kernel: string, items: number, chunk: number, args: number[]): void {
    const { control, values } = this.#job;
    values.set(args);
    control[CONTROL.next] = 0;
    control[CONTROL.items] = items;
    control[CONTROL.chunk] = chunk;
    control[CONTROL.kernel] = this.#numbers.get(kernel)!;
    control[CONTROL.count] = args.length;
    Atomics.store(control, CONTROL.open, 1);
    Atomics.add(control, CONTROL.job, 1);
    Atomics.notify(control, CONTROL.job);
  }

  /** Lets nobody in any more and waits for those who are. */
  #close(kernel: string): void {
    const { control } = this.#job;
    Atomics.store(control, CONTROL.open, 0);
    for (let spins = 0; ; spins++) {
      const active = Atomics.load(control, CONTROL.active);
      if (active === 0) break;
      if (spins > SPINS && MAY_WAIT) Atomics.wait(control, CONTROL.active, active);
    }
    if (Atomics.load(control, CONTROL.failed) === 1) {
      throw new Error(
        `wasm kernels: ${kernel} failed in a thread; restart the run, with threads=1 if it happens again`,
      );
    }
  }
}

/** A page's own thread must not sleep; it looks on instead. */
const MAY_WAIT = typeof document === 'undefined';
