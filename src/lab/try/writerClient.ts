import * as Comlink from 'comlink';
import WriterWorker from '../../../workers/writer.ts?worker';
import type { PolicyFiles } from '../../policy/checkpoint.ts';
import type { WrittenToken } from '../../policy/write.ts';
import type { WriteRequest, WriterApi } from '../../runs/writing.ts';

/** A writer worker with one policy; `dispose` ends it. */
export class WriterClient {
  readonly #worker = new WriterWorker({ name: 'writer' });
  readonly #api = Comlink.wrap<WriterApi>(this.#worker);
  readonly #ready: Promise<void>;
  readonly #crashed: Promise<never>;

  constructor(policy: Promise<PolicyFiles>) {
    this.#crashed = new Promise((_resolve, reject) => {
      this.#worker.addEventListener('error', (event) => {
        event.preventDefault();
        reject(new Error(`writer worker: ${event.message || 'failed to load'}; reload the page`));
      });
    });
    this.#ready = policy.then((files) => this.#api.open(files));
    for (const promise of [this.#crashed, this.#ready]) {
      promise.catch(() => {
        // `write` waits for both and rejects with the reason; alone they must not count as unhandled.
      });
    }
  }

  /** Writes a program; `emit` gets each token as it comes. */
  write(request: WriteRequest, emit: (token: WrittenToken) => void): Promise<WrittenToken[]> {
    const written = this.#ready.then(() => this.#api.write(request, Comlink.proxy(emit)));
    return Promise.race([written, this.#crashed]);
  }

  dispose(): void {
    this.#api[Comlink.releaseProxy]();
    this.#worker.terminate();
  }
}
