import * as Comlink from 'comlink';
import { createWriter, type Writer, type WriterApi, writeProgram } from '../src/runs/writing.ts';
import { startDevice } from '../src/tensor/browser.ts';

// Serves somebody who tries a policy that is not in training; the worker lives as long as that policy is tried.
let writer: Writer | undefined;

const api: WriterApi = {
  async open(files) {
    await startDevice('wasm', 1);
    writer = createWriter(files);
  },
  async write(request, emit) {
    if (!writer) throw new Error('writer worker: write() before open(); open a policy first');
    return writeProgram(writer, request, emit);
  },
};

Comlink.expose(api);
