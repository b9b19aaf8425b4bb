/**
 * @file What the threads of the `wasm` device share: how a kernel's work is handed out, and the loop of a thread
 * that helps. Plain JavaScript, so that a worker thread of Node runs it as it is.
 *
 * The thread that owns the device writes a job (a kernel, its arguments, the number of items) into shared memory,
 * opens it, and works on it like the others: each takes the next chunk of items until none is left. Whoever comes
 * late finds the job closed and goes back to waiting, so nobody waits for a thread that has not woken up yet.
 */

/** Places in the control block, 32-bit words. */
export const CONTROL = {
  /** Counts jobs; threads wait for it to change. */
  job: 0,
  /** 1 while chunks may be taken. */
  open: 1,
  /** Threads that look at the job, besides the one that owns the device. */
  active: 2,
  /** The next item to take. */
  next: 3,
  items: 4,
  chunk: 5,
  /** Number of the kernel among the module's exports, and of its arguments. */
  kernel: 6,
  count: 7,
  /** 1 after a kernel failed in a thread. */
  failed: 8,
  words: 16,
};

/** Most arguments of a kernel, besides its range of items. */
export const MAX_ARGUMENTS = 20;

/** Looks at the job counter before a thread goes to sleep: some 20 microseconds, the pause between two kernels. */
const SPINS = 2000;

/**
 * What a thread is started with.
 * @typedef {object} ThreadStart
 * @property {WebAssembly.Module} module the kernels, built for shared memory
 * @property {WebAssembly.Memory} memory tfjs's, shared
 * @property {Int32Array} control
 * @property {Float64Array} values arguments of the job
 * @property {number} index number of the thread, from 1
 */

/**
 * The kernels by number, the same in each instance of a module.
 * @param {WebAssembly.Module} module
 * @returns {string[]}
 */
export function kernelNames(module) {
  return WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name);
}

/**
 * Takes chunks of the open job until none is left.
 * @param {(...args: number[]) => void} kernel
 * @param {number[]} args
 * @param {Int32Array} control
 */
export function takeChunks(kernel, args, control) {
  const items = control[CONTROL.items];
  const chunk = control[CONTROL.chunk];
  for (;;) {
    const first = Atomics.add(control, CONTROL.next, chunk);
    if (first >= items) return;
    kernel(...args, first, Math.min(items, first + chunk));
  }
}

/**
 * The life of a thread; it ends when the thread is terminated.
 * @param {ThreadStart} start
 * @returns {never}
 */
export function serveKernels({ module, memory, control, values, index }) {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const simd = /** @type {Record<string, (...args: number[]) => void>} */ (exports);
  const kernels = kernelNames(module).map((name) => simd[name]);
  simd.setThread(index);
  let seen = 0;
  for (;;) {
    for (let i = 0; i < SPINS && Atomics.load(control, CONTROL.job) === seen; i++);
    Atomics.wait(control, CONTROL.job, seen);
    seen = Atomics.load(control, CONTROL.job);
    // Counted in before the look at `open`, so that a closed job with no active thread stays as it is.
    Atomics.add(control, CONTROL.active, 1);
    try {
      if (Atomics.load(control, CONTROL.open) === 1) {
        const args = Array.from(values.subarray(0, control[CONTROL.count]));
        takeChunks(kernels[control[CONTROL.kernel]], args, control);
      }
    } catch (error) {
      Atomics.store(control, CONTROL.failed, 1);
      throw error;
    } finally {
      if (Atomics.sub(control, CONTROL.active, 1) === 1) Atomics.notify(control, CONTROL.active);
    }
  }
}
