import * as Comlink from 'comlink';
import WriterWorker from '../../../workers/writer.ts?worker';
import type { PolicyFiles } from '../../policy/checkpoint.ts';
import type { WrittenToken } from '../../policy/write.ts';
import { lifelineEnd } from '../../runs/lifeline.ts';
import type { WriteRequest, WriterApi } from '../../runs/writing.ts';

/** A writer worker with one policy; `dispose` ends it. One that has failed stays failed: make another. */
export class WriterClient {
  readonly #name = `writer-${crypto.randomUUID()}`;
  readonly #worker = new WriterWorker({ name: this.#name });
  readonly #api = Comlink.wrap<WriterApi>(this.#worker);
  readonly #watch = new AbortController();
  readonly #ready: Promise<void>;
  readonly #lost: Promise<never>;

  constructor(policy: Promise<PolicyFiles>) {
    this.#lost = new Promise((_resolve, reject) => {
      const lose = (reason: string) =>
        reject(new Error(`The worker that writes ${reason}. Press “Write a program” to start a new one.`));
      this.#worker.addEventListener('error', (event) => {
        event.preventDefault();
        lose(`has failed: ${event.message || 'it did not load'}`);
      });
      this.#api
        .alive()
        .then(() => lifelineEnd(this.#name, this.#watch.signal))
        .then(() => lose('has ended'), reject);
    });
    this.#ready = policy.then((files) => this.#api.open(files));
    for (const promise of [this.#lost, this.#ready]) {
      promise.catch(() => {
        // `write` waits for both and rejects with the reason; alone they must not count as unhandled.
      });
    }
  }

  /** Writes a program; `emit` gets each token as it comes. */
  write(request: WriteRequest, emit: (token: WrittenToken) => void): Promise<WrittenToken[]> {
    const written = this.#ready.then(() => this.#api.write(request, Comlink.proxy(emit)));
    return Promise.race([written, this.#lost]);
  }

  dispose(): void {
    this.#watch.abort();
    this.#api[Comlink.releaseProxy]();
    this.#worker.terminate();
  }
}
