/** Pause, single steps and stop of a training; asked between updates. */
export class RunControl {
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

  /** Resolves when the next update may run (true), or the run is to end (false). */
  async next(): Promise<boolean> {
    while (this.#paused && this.#allowed === 0 && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#paused && this.#allowed > 0) this.#allowed--;
    // Messages (pause, stop) reach a worker only between tasks.
    await new Promise((resolve) => setTimeout(resolve));
    return !this.#stopped;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
