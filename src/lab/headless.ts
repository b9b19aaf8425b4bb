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

/** How a call ended: its value, or the message of its error without the page's stack around it. */
export type HeadlessAnswer = { value: Evaluation | null } | { error: string };

/** The page's side of a terminal: jobs and answers are texts of `encodeWire`. */
export interface HeadlessApi {
  train(job: string): Promise<string>;
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
    if (event.type === 'groups' || event.type === 'vocabulary') return; // For the page alone, and large.
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

  async function work(
    job: string,
    call: (
      trainer: TrainerClient,
      job: HeadlessJob,
      emit: (event: RunEvent) => void,
    ) => Promise<Evaluation | null>,
  ): Promise<string> {
    if (current) throw new Error('tracewright: a run is under way in this page');
    const trainer = new TrainerClient();
    const pipe = new EventPipe(send!);
    current = trainer;
    let answer: HeadlessAnswer;
    try {
      answer = { value: await call(trainer, decodeWire<HeadlessJob>(job), pipe.emit) };
    } catch (error) {
      answer = { error: (error as Error).message };
    }
    current = undefined;
    await pipe.flush();
    trainer.dispose();
    return encodeWire(answer);
  }

  window.tracewright = {
    train: (job) =>
      work(job, async (trainer, { config, policy, tasks }, emit) => {
        await trainer.train(config, policy, emit, tasks);
        return null;
      }),
    evaluate: (job) =>
      work(job, (trainer, { config, policy, tasks }, emit) => trainer.evaluate(config, policy, emit, tasks)),
    stop: async () => current?.stop(),
  };
}
