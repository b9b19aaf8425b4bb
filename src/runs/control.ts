import type { Policy } from '../policy/policy.ts';
import type { Tokenizer } from '../policy/tokenizer.ts';
import type { Sandbox } from '../sandbox/types.ts';

/** A run between two updates, as an inquiry finds it. */
export interface LiveRun {
  policy: Policy;
  tokenizer: Tokenizer;
  sandbox: Sandbox;
  /** Updates made so far. */
  step: number;
}

const ENDED = 'RunControl.ask(): the run has ended; ask while it trains or is paused';

interface Inquiry {
  answer(live: LiveRun): Promise<void>;
  reject(reason: Error): void;
}

/** Pause, single steps, stop and inquiries of a training; looked at between updates. */
export class RunControl {
  #ended = false;
  #inquiries: Inquiry[] = [];
  #paused = false;
  #stopped = false;
  #allowed = 0;
  #wake: (() => void) | null = null;

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#allowed = 0;
    this.#notify();
  }

  /** Lets one update through and pauses again. */
  stepOnce(): void {
    this.#paused = true;
    this.#allowed++;
    this.#notify();
  }

  stop(): void {
    this.#stopped = true;
    this.#notify();
  }

  /** Has `work` done between two updates or while paused; rejects when the run ends first. */
  ask<T>(work: (live: LiveRun) => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(new Error(ENDED));
    return new Promise((resolve, reject) => {
      this.#inquiries.push({
        answer: (live) => work(live).then(resolve, reject),
        reject,
      });
      this.#notify();
    });
  }

  /**
   * Resolves when the next update may run (true), or the run is to end (false); answers inquiries meanwhile.
   * @param onPause called before it waits
   */
  async next(live: LiveRun, onPause: () => Promise<void>): Promise<boolean> {
    // Messages (pause, stop, inquiries) reach a worker only between tasks.
    await new Promise((resolve) => setTimeout(resolve));
    await this.#answer(live);
    if (this.#waits) await onPause();
    while (this.#waits) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#answer(live);
    }
    if (this.#paused && this.#allowed > 0) this.#allowed--;
    return !this.#stopped;
  }

  /** No update follows: what was asked and not answered is rejected. */
  end(): void {
    this.#ended = true;
    for (const inquiry of this.#inquiries.splice(0)) inquiry.reject(new Error(ENDED));
  }

  async #answer(live: LiveRun): Promise<void> {
    // One that comes while another is answered wakes nobody.
    for (let next = this.#inquiries.shift(); next; next = this.#inquiries.shift()) await next.answer(live);
  }

  get #waits(): boolean {
    return this.#paused && this.#allowed === 0 && !this.#stopped;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
