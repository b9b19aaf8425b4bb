/** Between two updates of the page, in milliseconds: a few a second are as many as a person can follow. */
const INTERVAL_MS = 250;

/** Collects what comes often and hands it on a few times a second, in order. */
export class Batcher<T> {
  #waiting: T[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = Number.NEGATIVE_INFINITY;
  readonly #take: (batch: readonly T[]) => void;

  constructor(take: (batch: readonly T[]) => void) {
    this.#take = take;
  }

  readonly add = (item: T): void => {
    this.#waiting.push(item);
    const wait = Math.max(0, this.#last + INTERVAL_MS - performance.now());
    this.#timer ??= setTimeout(() => this.flush(), wait);
  };

  /** Hands on what is waiting, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    this.#last = performance.now();
    this.#take(this.#waiting.splice(0));
  }
}
