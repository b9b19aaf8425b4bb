import * as Comlink from 'comlink';
import TrainerWorker from '../../workers/trainer.ts?worker';
import type { WrittenToken } from '../policy/write.ts';
import type { Emit, Evaluation, Job, LogProbsAnswer, TrainerApi, TrainingJob } from '../runs/events.ts';
import { lifelineEnd } from '../runs/lifeline.ts';
import { pulseEnd } from '../runs/pulse.ts';
import { TrainerLostError } from '../runs/supervise.ts';
import type { WriteRequest } from '../runs/writing.ts';

/** How long after `train` resolves its last event may still be on the way. */
const LAST_EVENT_MS = 10_000;

/**
 * One trainer worker and the calls to it. A worker serves one training or evaluation; `dispose` ends it and
 * frees its memory and device. When the worker ends before its work does, hangs, or loses its device, calls under way
 * reject with a {@link TrainerLostError}; `training.ts` goes on with another one then.
 */
export class TrainerClient {
  readonly #name = `trainer-${crypto.randomUUID()}`;
  readonly #worker = new TrainerWorker({ name: this.#name });
  // Kept in a field for as long as calls may be under way: a collected proxy never answers them.
  readonly #api = Comlink.wrap<TrainerApi>(this.#worker);
  readonly #watch = new AbortController();
  readonly #ended: Promise<never>;
  #end!: (reason: Error) => void;

  constructor() {
    this.#ended = new Promise((_resolve, reject) => {
      this.#end = reject;
    });
    this.#ended.catch(() => {
      // Every call races with this promise and rejects with its reason; alone it must not count as unhandled.
    });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const where = event.filename ? ` (${event.filename}:${event.lineno})` : '';
      this.#lose(`the trainer worker failed: ${event.message || 'it did not load'}${where}`);
    });
    this.#api
      .alive()
      .then(() => this.#watchWorker())
      .then((what) => this.#lose(what))
      .catch(this.#end);
  }

  /** Trains to the end, to `stop()`, or to an error; resolves after the last event was handed on. */
  train(job: TrainingJob, emit: Emit): Promise<void> {
    return this.#untilLast(emit, (notice) => this.#api.train(job, notice));
  }

  /** Goes on with a run that this browser keeps; see `TrainerApi.continueRun`. */
  continueRun(name: string, emit: Emit, steps?: number): Promise<void> {
    return this.#untilLast(emit, (notice) => this.#api.continueRun(name, notice, steps));
  }

  /** Evaluates a policy on held-out tasks. */
  evaluate(job: Job, emit: Emit): Promise<Evaluation> {
    return this.#race(this.#api.evaluate(job, Comlink.proxy(emit)));
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
    this.#end(new Error('trainer worker: ended by dispose()'));
    this.#watch.abort();
    this.#api[Comlink.releaseProxy]();
    this.#worker.terminate();
  }

  async #untilLast(emit: Emit, call: (emit: Emit) => Promise<void>): Promise<void> {
    let noticeLast!: () => void;
    const last = new Promise<void>((resolve) => {
      noticeLast = resolve;
    });
    const emitAndNotice: Emit = async (event) => {
      try {
        await emit(event);
      } catch (error) {
        this.#end(error as Error);
      }
      if (event.type === 'done') noticeLast();
    };
    await this.#race(call(Comlink.proxy(emitAndNotice)));
    const timer = setTimeout(
      () => this.#end(new Error('trainer worker: ended without its last event, "done"')),
      LAST_EVENT_MS,
    );
    await this.#race(last).finally(() => clearTimeout(timer));
  }

  /** Resolves with what became of the worker, when it can work no more. */
  #watchWorker(): Promise<string> {
    const { signal } = this.#watch;
    return Promise.race([
      lifelineEnd(this.#name, signal).then(() => 'the trainer worker ended'),
      pulseEnd(this.#worker, signal).then(() => 'the trainer worker hangs: no sign of life for five minutes'),
    ]);
  }

  #lose(reason: string): void {
    this.#end(new TrainerLostError(reason));
  }

  async #race<T>(call: Promise<T>): Promise<T> {
    try {
      return await Promise.race([call, this.#ended]);
    } catch (error) {
      // Errors cross from the worker by name.
      if ((error as Error).name === 'DeviceLostError') throw new TrainerLostError((error as Error).message);
      throw error;
    }
  }
}
