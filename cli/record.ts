import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../src/runs/config.ts';
import type { Evaluation, Evaluations, RunEvent } from '../src/runs/events.ts';

/**
 * A run as a directory. Nothing is created before there is something to keep, and everything is written as it
 * comes, so that an interrupted run keeps what it had.
 */
export class RunRecord {
  readonly directory: string;
  readonly evaluations: Evaluations = {};
  /** Lines written to `metrics.jsonl`. */
  steps = 0;
  policyWritten = false;
  readonly #config: Config;
  #open = false;

  constructor(directory: string, config: Config) {
    this.directory = directory;
    this.#config = config;
  }

  /** Keeps what an event holds. */
  take(event: RunEvent): void {
    switch (event.type) {
      case 'device':
        this.evaluations.device = event.device;
        return;
      case 'step':
        this.#append('metrics.jsonl', [event.metrics]);
        this.steps++;
        return;
      case 'rollouts':
        this.#append('rollouts.jsonl', event.records);
        return;
      case 'evaluation':
        if (event.name === 'during') (this.evaluations.during ??= []).push(event.evaluation);
        else this.evaluations[event.name] = event.evaluation;
        this.#write('evaluation.json', this.evaluations);
        return;
      case 'policy':
        this.#writePolicy(event.files);
        return;
      case 'status':
      case 'warning':
      case 'groups':
      case 'vocabulary':
      case 'done':
        return;
      default:
        event satisfies never;
    }
  }

  /** Keeps the evaluation of a policy that was not trained. */
  takeEvaluation(evaluation: Evaluation): void {
    this.evaluations.evaluation = evaluation;
    this.#write('evaluation.json', this.evaluations);
  }

  /** True once anything was kept. */
  get begun(): boolean {
    return this.#open;
  }

  #begin(): void {
    if (this.#open) return;
    this.#open = true;
    mkdirSync(this.directory, { recursive: true });
    this.#write('config.json', this.#config);
  }

  #append(name: string, records: readonly object[]): void {
    this.#begin();
    appendFileSync(
      path.join(this.directory, name),
      records.map((record) => `${JSON.stringify(record)}\n`).join(''),
    );
  }

  #write(name: string, value: object): void {
    this.#begin();
    writeFileSync(path.join(this.directory, name), `${JSON.stringify(value, null, 2)}\n`);
  }

  #writePolicy(files: Record<string, Uint8Array>): void {
    this.#begin();
    const directory = path.join(this.directory, 'policy');
    mkdirSync(directory, { recursive: true });
    for (const [name, bytes] of Object.entries(files)) {
      if (path.basename(name) !== name) throw new Error(`policy file "${name}": expected a plain file name`);
      writeFileSync(path.join(directory, name), bytes);
    }
    this.policyWritten = true;
  }
}
