/** @file What a kernel thread of Node runs; `workers/kernels.ts` for Node. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveKernels } from './kernel_thread.mjs';

parentPort?.postMessage('ready');
serveKernels(workerData);
