import type { Emit, Evaluation, Job, RunEvent, TrainingJob } from '../runs/events.ts';
import { TrainerLostError } from '../runs/supervise.ts';
import { decodeWire, encodeWire } from '../runs/wire.ts';
import { TrainerClient } from './trainer.ts';

/**
 * How a call ended: its value, or the message of its error without the page's stack around it; `lost` when a new
 * trainer could go on from a checkpoint.
 */
export type HeadlessAnswer = { value: Evaluation | null } | { error: string; lost: boolean };

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

  /** Resolves when the terminal has dealt with the event. */
  readonly emit = (event: RunEvent): Promise<void> => {
    if (event.type === 'groups' || event.type === 'vocabulary') return this.#sent; // For the page alone, and large.
    const text = encodeWire(event);
    this.#sent = this.#sent.then(() => this.#send(text));
    this.#sent.catch(() => {
      // `flush` rejects with the same reason; without a handler here it would also count as unhandled.
    });
    return this.#sent;
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
    call: (trainer: TrainerClient, emit: Emit) => Promise<Evaluation | null>,
  ): Promise<string> {
    if (current) throw new Error('tracewright: a run is under way in this page');
    const trainer = new TrainerClient();
    const pipe = new EventPipe(send!);
    current = trainer;
    let answer: HeadlessAnswer;
    try {
      answer = { value: await call(trainer, pipe.emit) };
    } catch (error) {
      answer = { error: (error as Error).message, lost: error instanceof TrainerLostError };
    }
    current = undefined;
    await pipe.flush();
    trainer.dispose();
    return encodeWire(answer);
  }

  window.tracewright = {
    train: (job) =>
      work(async (trainer, emit) => {
        await trainer.train(decodeWire<TrainingJob>(job), emit);
        return null;
      }),
    evaluate: (job) => work((trainer, emit) => trainer.evaluate(decodeWire<Job>(job), emit)),
    stop: async () => current?.stop(),
  };
}
