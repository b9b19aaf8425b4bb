/** @file What a worker thread of `createNodePool` runs: `workers/sandbox.ts` for Node, where tsx reads TypeScript. */
import { parentPort } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { register } from 'tsx/esm/api';

register();
const { workerApi } = await import('./worker-api.ts');
Comlink.expose(workerApi(), /** @type {any} */ (parentPort));
