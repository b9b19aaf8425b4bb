import { formatTime } from '../src/runs/format.ts';

const WIDTH = 30;

/** The part of a terminal that progress is written to; tests give their own. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/**
 * Lines that stay, with a progress bar below them where the output is a terminal. Elsewhere (a file, a pipe)
 * there is no bar, and status messages become lines, at most one in ten seconds.
 */
export class Progress {
  readonly #output: Output;
  readonly #now: () => number;
  #status = '';
  #lastLine = Number.NEGATIVE_INFINITY;
  #done = 0;
  #from = 0;
  #total = 0;
  #firstStep: number | undefined;
  #afterwards = 0;

  constructor(output: Output = process.stdout, now: () => number = () => performance.now() / 1000) {
    this.#output = output;
    this.#now = now;
  }

  /** Writes a line that stays. */
  line(text: string): void {
    this.#erase();
    this.#output.write(`${text}\n`);
    this.#lastLine = this.#now();
    this.#draw();
  }

  /** Says what is going on. */
  status(message: string): void {
    this.#status = message;
    if (!this.#output.isTTY && this.#now() - this.#lastLine >= 10) this.line(message);
    else this.#draw();
  }

  /** Moves the bar. The first call starts the clock, because what comes before is no step. */
  step(done: number, total: number): void {
    this.#firstStep ??= this.#now();
    this.#done = done;
    this.#total = total;
    this.#status = '';
    this.#draw();
  }

  /**
   * Starts the clock of the steps, and says how long the work after the last of them will take.
   * @param from steps that were made before
   */
  startSteps(secondsAfterwards: number, from = 0): void {
    this.#firstStep = this.#now();
    this.#afterwards = secondsAfterwards;
    this.#from = from;
    this.#done = from;
  }

  /** Takes the bar away. */
  end(): void {
    this.#erase();
    this.#total = 0;
    this.#status = '';
  }

  /** Seconds to the end, judged by the steps so far; undefined before there are any. */
  secondsLeft(): number | undefined {
    if (this.#firstStep === undefined || this.#done <= this.#from) return undefined;
    const perStep = (this.#now() - this.#firstStep) / (this.#done - this.#from);
    return perStep * (this.#total - this.#done) + this.#afterwards;
  }

  #erase(): void {
    if (this.#output.isTTY) this.#output.write('\r\x1b[2K');
  }

  #draw(): void {
    if (!this.#output.isTTY || (this.#total === 0 && this.#status === '')) return;
    const left = this.secondsLeft();
    const full = this.#total ? Math.round((WIDTH * this.#done) / this.#total) : 0;
    const parts = [`[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`];
    if (this.#total) parts.push(`${this.#done}/${this.#total}`);
    if (left !== undefined) parts.push(`${formatTime(left)} left`);
    if (this.#status) parts.push(this.#status);
    this.#erase();
    this.#output.write(parts.join(' ').slice(0, (this.#output.columns || 80) - 1));
  }
}
