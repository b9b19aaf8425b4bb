import type { Config } from '../runs/config.ts';
import type { Evaluation, PolicyFiles, RunEvent } from '../runs/events.ts';
import { decodeWire, encodeWire } from '../runs/wire.ts';
import { TrainerClient } from './trainer.ts';

/** What a terminal hands to the page, as one text of `encodeWire`. */
export interface HeadlessJob {
  config: Config;
  policy: PolicyFiles;
  tasks?: string;
}

/** The page's side of a terminal: texts are of `encodeWire`. */
export interface HeadlessApi {
  train(job: string): Promise<void>;
  evaluate(job: string): Promise<string>;
  stop(): Promise<void>;
}

declare global {
  interface Window {
    tracewright?: HeadlessApi;
    /** Given by the terminal before the page loads: takes one event, resolves when it is dealt with. */
    tracewrightEmit?: (event: string) => Promise<void>;
  }
}

/** Hands events to the terminal one after the other, and knows when it has them all. */
class EventPipe {
  #sent: Promise<void> = Promise.resolve();
  readonly #send: (event: string) => Promise<void>;

  constructor(send: (event: string) => Promise<void>) {
    this.#send = send;
  }

  readonly emit = (event: RunEvent): void => {
    const text = encodeWire(event);
    this.#sent = this.#sent.then(() => this.#send(text));
    this.#sent.catch(() => {
      // `flush` rejects with the same reason; without a handler here it would also count as unhandled.
    });
  };

  flush(): Promise<void> {
    return this.#sent;
  }
}

/** Puts the trainer at a terminal's service, as `window.tracewright`. */
export function startHeadless(): void {
  const send = window.tracewrightEmit;
  if (!send) throw new Error('?headless: this page is driven by `npm run train`; open it without ?headless');
  let current: TrainerClient | undefined;

  async function withTrainer<T>(work: (trainer: TrainerClient, pipe: EventPipe) => Promise<T>): Promise<T> {
    if (current) throw new Error('tracewright: a run is under way in this page');
    const trainer = new TrainerClient();
    const pipe = new EventPipe(send!);
    current = trainer;
    try {
      return await work(trainer, pipe);
    } finally {
      current = undefined;
      await pipe.flush();
      trainer.dispose();
    }
  }

  window.tracewright = {
    train: (job) =>
      withTrainer((trainer, pipe) => {
        const { config, policy, tasks } = decodeWire<HeadlessJob>(job);
        return trainer.train(config, policy, pipe.emit, tasks);
      }),
    evaluate: (job) =>
      withTrainer(async (trainer, pipe) => {
        const { config, policy, tasks } = decodeWire<HeadlessJob>(job);
        const evaluation: Evaluation = await trainer.evaluate(config, policy, pipe.emit, tasks);
        return encodeWire(evaluation);
      }),
    stop: async () => current?.stop(),
  };
}
