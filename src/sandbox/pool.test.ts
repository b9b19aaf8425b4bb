import * as Comlink from 'comlink';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EngineBroken } from './engine_broken.ts';
import { createExecutor } from './executor.ts';
import { loadEngineModule } from './node.ts';
import { createPool, type PoolWorker, type SandboxWorkerApi } from './pool.ts';
import type { ProgramJob, ProgramResult, Sandbox } from './types.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await loadEngineModule();
});

let pool: Sandbox | undefined;
afterEach(() => pool?.dispose());

/** A worker of this thread, answering through a message channel. */
function localWorker(api: Partial<SandboxWorkerApi> = {}): PoolWorker & { terminated: boolean } {
  const { port1, port2 } = new MessageChannel();
  let sandbox: Sandbox | undefined;
  const whole: SandboxWorkerApi = {
    async start() {
      sandbox = await createExecutor(module);
    },
    run: async (jobs) => sandbox!.run(jobs),
    ...api,
  };
  Comlink.expose(whole, port1);
  port2.start();
  return Object.assign(port2 as unknown as Comlink.Endpoint, {
    terminated: false,
    terminate(this: { terminated: boolean }) {
      this.terminated = true;
      port1.close();
    },
  });
}

const constant = (value: number): ProgramJob => ({
  code: `function f() { return ${value} }`,
  entry: 'f',
  inputs: [[]],
});
const valuesOf = (results: ProgramResult[]) => results.map(({ calls }) => calls[0].value ?? calls[0].status);
const numbers = Array.from({ length: 100 }, (_, i) => i);

// Not sent here: a message channel in Node cannot carry a compiled module.
const options = { module: undefined as unknown as WebAssembly.Module };

describe('createPool', () => {
  it('returns results in the order of the jobs, whatever the timing', async () => {
    let spawned = 0;
    pool = createPool({
      ...options,
      size: 3,
      spawn: () => {
        const delay = [30, 0, 10][spawned++ % 3];
        const executor = createExecutor(module);
        return localWorker({
          async run(jobs) {
            await new Promise((done) => setTimeout(done, delay));
            return (await executor).run(jobs);
          },
        });
      },
    });
    const [first, second] = await Promise.all([pool.run(numbers.map(constant)), pool.run([constant(-1)])]);
    expect(valuesOf(first)).toEqual(numbers);
    expect(valuesOf(second)).toEqual([-1]);
    expect(spawned).toBe(3);
  });

  it('replaces a worker that stops answering and gives up only the job that did it', async () => {
    const workers: ReturnType<typeof localWorker>[] = [];
    pool = createPool({
      ...options,
      size: 1,
      patience: 100,
      spawn: () => {
        const executor = createExecutor(module);
        const worker = localWorker({
          run: async (jobs) =>
            jobs.some(({ code }) => code.includes('13')) ? new Promise(() => {}) : (await executor).run(jobs),
        });
        workers.push(worker);
        return worker;
      },
    });
    const results = await pool.run([12, 13, 14].map(constant));
    expect(valuesOf(results)).toEqual([12, 13, 14].map((i) => (i === 13 ? 'timeout' : i)));
    expect(results[1].loadError?.error).toMatch(/stopped answering/);
    expect(workers.slice(0, -1).every(({ terminated }) => terminated)).toBe(true);
  });

  it('waits longer for a job alone: that a machine is slow is no verdict', async () => {
    let runs = 0;
    pool = createPool({
      ...options,
      size: 1,
      patience: 50,
      spawn: () => {
        const executor = createExecutor(module);
        return localWorker({
          async run(jobs) {
            // The first answer never comes; the second takes four times what a chunk of one is given.
            await new Promise((done) => runs++ > 0 && setTimeout(done, 1000));
            return (await executor).run(jobs);
          },
        });
      },
    });
    expect(valuesOf(await pool.run([constant(7)]))).toEqual([7]);
    expect(runs).toBe(2);
  });

  it('replaces a worker that crashes and runs its jobs again', async () => {
    let spawned = 0;
    pool = createPool({
      ...options,
      size: 1,
      spawn: () => {
        const crashes = spawned++ === 0;
        const executor = createExecutor(module);
        const listeners: ((event: unknown) => void)[] = [];
        const worker = localWorker({
          async run(jobs) {
            if (!crashes) return (await executor).run(jobs);
            for (const listener of listeners) listener({ message: 'out of memory' });
            return new Promise(() => {});
          },
        });
        const listen = worker.addEventListener.bind(worker);
        worker.addEventListener = (type, listener, given) => {
          if (type === 'error') listeners.push(listener as (event: unknown) => void);
          else listen(type, listener, given);
        };
        return worker;
      },
    });
    expect(valuesOf(await pool.run([1, 2, 3].map(constant)))).toEqual([1, 2, 3]);
    expect(spawned).toBe(2);
  });

  it('replaces a worker whose engine is broken and runs its jobs again', async () => {
    let spawned = 0;
    pool = createPool({
      ...options,
      size: 1,
      spawn: () => {
        const broken = async () => {
          throw new EngineBroken('wrong answers');
        };
        return localWorker(spawned++ === 0 ? { run: broken } : {});
      },
    });
    expect(valuesOf(await pool.run([1, 2, 3].map(constant)))).toEqual([1, 2, 3]);
    expect(spawned).toBe(2);
  });

  it('says how far it is', async () => {
    pool = createPool({ ...options, size: 2, spawn: () => localWorker() });
    const seen: number[] = [];
    await pool.run(numbers.map(constant), { onProgress: (ended) => seen.push(ended) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(100);
    expect(seen.length).toBeGreaterThan(2);
  });

  it('stops a run and goes on with others', async () => {
    pool = createPool({ ...options, size: 1, spawn: () => localWorker() });
    const stop = new AbortController();
    let ended = 0;
    const stopped = pool.run(numbers.map(constant), {
      signal: stop.signal,
      onProgress: (now) => {
        ended = now;
        stop.abort(new Error('enough'));
      },
    });
    const other = pool.run([constant(7)]);
    await expect(stopped).rejects.toThrow('enough');
    expect(valuesOf(await other)).toEqual([7]);
    expect(ended).toBeLessThan(100);
    await expect(pool.run([constant(1)], { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('passes on what a worker threw', async () => {
    pool = createPool({ ...options, size: 1, spawn: () => localWorker() });
    await expect(pool.run([{ code: '', entry: 'not a name', inputs: [] }])).rejects.toThrow(
      /cannot be the name/,
    );
    expect(valuesOf(await pool.run([constant(1)]))).toEqual([1]);
  });

  it('refuses work after dispose and an empty size', async () => {
    pool = createPool({ ...options, size: 1, spawn: () => localWorker() });
    expect(await pool.run([])).toEqual([]);
    pool.dispose();
    await expect(pool.run([constant(1)])).rejects.toThrow('run after dispose');
    expect(() => createPool({ ...options, size: 0, spawn: () => localWorker() })).toThrow(/positive integer/);
  });
});
