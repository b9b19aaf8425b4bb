import type { WrittenToken } from '../policy/write.ts';
import type { Emit, LogProbsAnswer, TrainingJob } from '../runs/events.ts';
import { supervise, TrainerLostError } from '../runs/supervise.ts';
import type { WriteRequest } from '../runs/writing.ts';
import { TrainerClient } from './trainer.ts';

/**
 * A training in this page that outlives its workers: when one is lost, a run that this browser keeps (a job with a
 * name) goes on in a new one from its last checkpoint, at most a few times without a new checkpoint in between.
 * `emit` then takes a warning and a `resume` event, and the steps since that checkpoint come again.
 */
export class Training {
  #trainer: TrainerClient | undefined;
  #savedStep: number | undefined;
  #isPaused = false;
  /** One update was asked for before there was a trainer to make it. */
  #owesStep = false;
  #isStopped = false;
  #isDisposed = false;

  /** Trains to the end, to `stop()`, or to an error; resolves after the last event was handed on. */
  async train(job: TrainingJob, emit: Emit): Promise<void> {
    const { name } = job;
    if (name === undefined) return this.#attempt((trainer) => trainer.train(job, emit));
    await askToPersist();
    return this.#supervise(emit, (trainer, noticing) =>
      this.#savedStep === undefined ? trainer.train(job, noticing) : trainer.continueRun(name, noticing),
    );
  }

  /** Goes on with a run that this browser keeps; see `TrainerApi.continueRun`. */
  async continueRun(name: string, emit: Emit, steps?: number): Promise<void> {
    await askToPersist();
    return this.#supervise(emit, (trainer, noticing) => trainer.continueRun(name, noticing, steps));
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#trainer?.pause();
  }

  async resume(): Promise<void> {
    this.#isPaused = false;
    await this.#trainer?.resume();
  }

  /** Runs one update and pauses again. */
  async stepOnce(): Promise<void> {
    this.#isPaused = true;
    if (this.#trainer) await this.#trainer.stepOnce();
    else this.#owesStep = true;
  }

  /** Ends after the update in progress, with an evaluation and the policy. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#trainer?.stop();
  }

  /** Log-probabilities of completions under the policy as it is now; see `TrainerApi.logProbs`. */
  async logProbs(prompt: number[], completions: number[][]): Promise<LogProbsAnswer> {
    return this.#atWork('logProbs').logProbs(prompt, completions);
  }

  /** Writes a program with the policy as it is now; see `TrainerApi.write`. */
  async write(request: WriteRequest, emit: (token: WrittenToken) => void): Promise<WrittenToken[]> {
    return this.#atWork('write').write(request, emit);
  }

  /** Ends the worker at once; calls under way reject. */
  dispose(): void {
    this.#isDisposed = true;
    this.#trainer?.dispose();
  }

  #atWork(asked: string): TrainerClient {
    if (this.#trainer) return this.#trainer;
    throw new Error(`Training.${asked}(): no trainer is at work; ask while the run trains or is paused`);
  }

  #supervise(emit: Emit, work: (trainer: TrainerClient, emit: Emit) => Promise<void>): Promise<void> {
    const noticing: Emit = (event) => {
      if (event.type === 'saved' || event.type === 'resume') this.#savedStep = event.step;
      return emit(event);
    };
    return supervise(
      () => this.#attempt((trainer) => work(trainer, noticing)),
      () => this.#savedStep,
      emit,
    );
  }

  async #attempt(work: (trainer: TrainerClient) => Promise<void>): Promise<void> {
    if (this.#isDisposed) throw new Error('Training: used after dispose()');
    const trainer = new TrainerClient();
    this.#trainer = trainer;
    try {
      const done = work(trainer);
      // What was asked of an earlier worker holds for this one.
      if (this.#owesStep) void trainer.stepOnce().catch(ignoreLoss);
      else if (this.#isPaused) void trainer.pause().catch(ignoreLoss);
      this.#owesStep = false;
      if (this.#isStopped) void trainer.stop().catch(ignoreLoss);
      await done;
    } finally {
      this.#trainer = undefined;
      trainer.dispose();
    }
  }
}

/** `work` rejects with the same reason. */
function ignoreLoss(error: Error): void {
  if (!(error instanceof TrainerLostError)) throw error;
}

/** Asks the browser not to clear this page's files when its disk runs low; it may say no, and then they may go. */
async function askToPersist(): Promise<void> {
  await navigator.storage?.persist?.();
}
