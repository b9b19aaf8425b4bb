import { serveKernels, type ThreadStart } from '../src/tensor/kernel_thread.mjs';

// A thread of the `wasm` device. It answers before it begins to serve, for it never comes back from that.
addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => {
  postMessage('ready');
  serveKernels(data);
});
