import * as Comlink from 'comlink';
import { workerApi } from '../src/sandbox/worker-api.ts';

Comlink.expose(workerApi());
