import * as Comlink from 'comlink';
import { holdLifeline } from '../src/runs/lifeline.ts';
import { createWriter, type Writer, type WriterApi, writeProgram } from '../src/runs/writing.ts';
import { startDevice } from '../src/tensor/browser.ts';

// Serves somebody who tries a policy that is not in training; the worker lives as long as that policy is tried.
let writer: Writer | undefined;
const lifeline = holdLifeline(self.name);

const api: WriterApi = {
  alive: () => lifeline,
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
