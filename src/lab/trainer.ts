import * as Comlink from 'comlink';
import TrainerWorker from '../../workers/trainer.ts?worker';
import type { WrittenToken } from '../policy/write.ts';
import type { Config } from '../runs/config.ts';
import type { Evaluation, LogProbsAnswer, PolicyFiles, RunEvent, TrainerApi } from '../runs/events.ts';

import type { WriteRequest } from '../runs/writing.ts';

/** How long after `train` resolves its last event may still be on the way. */
const LAST_EVENT_MS = 10_000;

type Emit = (event: RunEvent) => void;

/**
 * One trainer worker and the calls to it. A worker serves one training or evaluation; `dispose` ends it and
 * frees its memory and device.
 */
export class TrainerClient {
  readonly #worker = new TrainerWorker({ name: 'trainer' });
  // Kept in a field for as long as calls may be under way: a collected proxy never answers them.
  readonly #api = Comlink.wrap<TrainerApi>(this.#worker);
  readonly #crashed: Promise<never>;
  #crash!: (reason: Error) => void;

  constructor() {
    this.#crashed = new Promise((_resolve, reject) => {
      this.#crash = reject;
    });
    this.#crashed.catch(() => {
      // Every call races with this promise and rejects with its reason; alone it must not count as unhandled.
    });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const where = event.filename ? ` (${event.filename}:${event.lineno})` : '';
      this.#crash(new Error(`trainer worker: ${event.message || 'failed to load'}${where}`));
    });
  }

  /** Trains to the end, to `stop()`, or to an error; resolves after the last event was handed on. */
  async train(config: Config, policy: PolicyFiles, emit: Emit, tasks?: string): Promise<void> {
    let noticeLast!: () => void;
    const last = new Promise<void>((resolve) => {
      noticeLast = resolve;
    });
    const emitAndNotice: Emit = (event) => {
      try {
        emit(event);
      } catch (error) {
        this.#crash(error as Error);
      }
      if (event.type === 'done') noticeLast();
    };
    await this.#race(this.#api.train(config, policy, Comlink.proxy(emitAndNotice), tasks));
    const timer = setTimeout(
      () => this.#crash(new Error('trainer worker: ended without its last event, "done"')),
      LAST_EVENT_MS,
    );
    await this.#race(last).finally(() => clearTimeout(timer));
  }

  /** Evaluates a policy on held-out tasks. */
  evaluate(config: Config, policy: PolicyFiles, emit: Emit, tasks?: string): Promise<Evaluation> {
    return this.#race(this.#api.evaluate(config, policy, Comlink.proxy(emit), tasks));
  }

  pause(): Promise<void> {
    return this.#race(this.#api.pause());
  }

  resume(): Promise<void> {
    return this.#race(this.#api.resume());
  }

  /** Runs one update and pauses again. */
  stepOnce(): Promise<void> {
    return this.#race(this.#api.stepOnce());
  }

  /** Ends after the update in progress; `train` then evaluates, hands out the policy and resolves. */
  stop(): Promise<void> {
    return this.#race(this.#api.stop());
  }

  /** Log-probabilities of completions under the policy as it is now; see `TrainerApi.logProbs`. */
  logProbs(prompt: number[], completions: number[][]): Promise<LogProbsAnswer> {
    return this.#race(this.#api.logProbs(prompt, completions));
  }

  /** Writes a program with the policy as it is now; see `TrainerApi.write`. */
  write(request: WriteRequest, emit: (token: WrittenToken) => void): Promise<WrittenToken[]> {
    return this.#race(this.#api.write(request, Comlink.proxy(emit)));
  }

  /** Ends the worker at once; calls under way reject. */
  dispose(): void {
    this.#crash(new Error('trainer worker: ended by dispose()'));
    this.#api[Comlink.releaseProxy]();
    this.#worker.terminate();
  }

  #race<T>(call: Promise<T>): Promise<T> {
    return Promise.race([call, this.#crashed]);
  }
}
