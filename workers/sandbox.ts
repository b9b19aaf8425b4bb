import * as Comlink from 'comlink';
import { createExecutor } from '../src/sandbox/executor.ts';
import type { SandboxWorkerApi } from '../src/sandbox/pool.ts';
import type { Sandbox } from '../src/sandbox/types.ts';

let sandbox: Promise<Sandbox> | undefined;

const api: SandboxWorkerApi = {
  async start(module) {
    sandbox = createExecutor(module);
    await sandbox;
  },
  async run(jobs) {
    if (!sandbox) throw new Error('sandbox worker: run before start');
    return (await sandbox).run(jobs);
  },
};

Comlink.expose(api);
