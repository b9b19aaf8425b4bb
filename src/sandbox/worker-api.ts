import { createExecutor } from './executor.ts';
import type { SandboxWorkerApi } from './pool.ts';
import type { Sandbox } from './types.ts';

/** What a sandbox worker answers to its pool, in a browser and in Node. */
export function workerApi(): SandboxWorkerApi {
  let sandbox: Promise<Sandbox> | undefined;
  return {
    async start(module) {
      sandbox = createExecutor(module);
      await sandbox;
    },
    async run(jobs) {
      if (!sandbox) throw new Error('sandbox worker: run before start');
      return (await sandbox).run(jobs);
    },
  };
}
