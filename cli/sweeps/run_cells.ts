import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Evaluations } from '../../src/runs/events.ts';
import { formatTime } from '../../src/runs/format.ts';
import { claim } from '../claim.ts';
import { INTERRUPTED } from '../errors.ts';
import { showPath } from '../inputs.ts';
import { onInterrupt } from '../interrupt.ts';
import { Progress } from '../progress.ts';
import { type PinnedBuild, pinBuild } from './build.ts';
import { type Cell, isDone, prepareCell, type Sweep, stepsSoFar, writeCellRecord } from './cells.ts';
import { type RunningCell, startCell } from './run_cell.ts';

/** How cells ended. */
export interface Outcome {
  done: number;
  failed: number;
  /** Other processes are at work on these. */
  elsewhere: number;
  interrupted: boolean;
}

const POLL_MS = 1000;

/** Runs cells, so many at a time; those that are done are left alone, and one that fails does not stop the others. */
class Runner {
  readonly #sweep: Sweep;
  readonly #waiting: Cell[];
  readonly #verbose: boolean;
  readonly #progress = new Progress();
  readonly #running = new Map<Cell, RunningCell>();
  /** Steps that each cell still had to make when this began, and what it had then. */
  readonly #begun = new Map<Cell, number>();
  readonly #finished = new Set<Cell>();
  readonly outcome: Outcome = { done: 0, failed: 0, elsewhere: 0, interrupted: false };

  constructor(sweep: Sweep, cells: readonly Cell[]) {
    this.#sweep = sweep;
    this.#waiting = cells.filter((cell) => !isDone(cell));
    this.#verbose = cells.length === 1;
    for (const cell of this.#waiting) this.#begun.set(cell, stepsSoFar(cell));
    const skipped = cells.length - this.#waiting.length;
    if (skipped > 0) this.#progress.line(`${skipped} of ${cells.length} cells are done already`);
  }

  async run(parallel: number): Promise<void> {
    if (this.#waiting.length === 0) return;
    const build = await pinBuild();
    const poll = setInterval(() => this.#show(), POLL_MS);
    try {
      const lanes = Array.from({ length: parallel }, () => this.#lane(build));
      await Promise.all(lanes);
    } finally {
      clearInterval(poll);
      this.#progress.end();
      build.remove();
    }
  }

  /** Ends every cell under way, at once. */
  stop(): void {
    this.outcome.interrupted = true;
    this.#progress.line(
      'Stopping. Start the same sweep again, and unfinished cells go on from what they kept.',
    );
    for (const running of this.#running.values()) running.stop();
  }

  async #lane(build: PinnedBuild): Promise<void> {
    while (!this.outcome.interrupted) {
      const cell = this.#waiting.shift();
      if (!cell) return;
      prepareCell(cell);
      const release = claim(path.join(cell.directory, 'claim'));
      if (!release) {
        this.outcome.elsewhere++;
        this.#close(cell, 'another process is at work on it');
        continue;
      }
      try {
        // It may have been done by another process since this one began.
        if (isDone(cell)) this.#close(cell, 'done by another process');
        else await this.#train(cell, build);
      } finally {
        release();
      }
    }
  }

  async #train(cell: Cell, build: PinnedBuild): Promise<void> {
    const began = performance.now();
    const tell = this.#verbose ? (text: string) => process.stdout.write(text) : undefined;
    const running = startCell(cell, this.#sweep, build.directory, tell);
    this.#running.set(cell, running);
    const { error } = await running.ended;
    this.#running.delete(cell);
    if (this.outcome.interrupted && error) return;
    const seconds = (performance.now() - began) / 1000;
    writeCellRecord(cell, {
      name: cell.name,
      index: cell.index,
      build: this.#sweep.build,
      status: error ? 'failed' : 'done',
      seconds,
      ended: new Date().toISOString(),
      error,
    });
    this.outcome[error ? 'failed' : 'done']++;
    const log = showPath(path.join(cell.directory, 'log.txt'));
    this.#close(
      cell,
      error ? `failed: ${error} (${log})` : `done in ${formatTime(seconds)}${passRate(cell)}`,
    );
  }

  #close(cell: Cell, what: string): void {
    this.#finished.add(cell);
    this.#show();
    const left = this.#verbose ? undefined : this.#progress.secondsLeft();
    const time = left === undefined || left === 0 ? '' : `; ${formatTime(left)} left`;
    this.#progress.line(`[${this.#finished.size}/${this.#begun.size}] ${cell.name}: ${what}${time}`);
  }

  /** The bar counts steps, those that were there when this began left out, so that the time left is right. */
  #show(): void {
    let [made, total] = [0, 0];
    for (const [cell, before] of this.#begun) {
      const share = cell.config.steps - before;
      total += share;
      if (this.#finished.has(cell)) made += share;
      else if (this.#running.has(cell)) made += Math.max(0, stepsSoFar(cell) - before);
    }
    if (!this.#verbose) this.#progress.step(made, total);
  }
}

function passRate({ directory }: Cell): string {
  const file = path.join(directory, 'run', 'evaluation.json');
  if (!existsSync(file)) return '';
  const { after } = JSON.parse(readFileSync(file, 'utf8')) as Evaluations;
  const rate = after?.measures['pass@1']?.value;
  return rate === undefined ? '' : `, pass@1 ${rate.toFixed(3)}`;
}

/**
 * Runs the cells of a sweep that are not done.
 * @param parallel how many at a time
 */
export async function runCells(sweep: Sweep, cells: readonly Cell[], parallel: number): Promise<Outcome> {
  const runner = new Runner(sweep, cells);
  const ignore = onInterrupt(
    () => runner.stop(),
    () => process.exit(INTERRUPTED),
  );
  try {
    await runner.run(parallel);
  } finally {
    ignore();
  }
  const { done, failed, elsewhere, interrupted } = runner.outcome;
  const parts = [`${done} done`, `${failed} failed`];
  if (elsewhere > 0) parts.push(`${elsewhere} left to other processes`);
  if (interrupted) parts.push('interrupted');
  console.log(`This time: ${parts.join(', ')}`);
  return runner.outcome;
}
