import { readTrainerState } from '../checkpoint.ts';
import type { Config } from '../config.ts';
import type {
  CheckpointFiles,
  DeviceInfo,
  Emit,
  PolicyFiles,
  RunEvent,
  TrainingEvaluations,
} from '../events.ts';
import { parseJson, resolveConfig } from '../options.ts';
import {
  checkpointSteps,
  latestCheckpoint,
  pruneCheckpoints,
  removeCheckpoint,
  writeCheckpoint,
} from './checkpoints.ts';
import type { Directory } from './directory.ts';
import { GrowingFile } from './growing_file.ts';

/** What a run is made from, kept with it. */
export interface RunStart {
  config: Config;
  /** The user's own tasks (JSONL text), when given. */
  tasks?: string;
}

/** `run.json`: what a list of runs shows. */
export interface RunSummary {
  status: 'running' | 'stopped' | 'finished';
  /** Steps whose metrics are kept, and how many there are to be. */
  step: number;
  steps: number;
  /** Times, as ISO texts. */
  started: string;
  updated: string;
  device?: DeviceInfo;
}

/** Takes what a record has to say. */
type Tell = (event: RunEvent) => unknown;

const MEBIBYTE = 2 ** 20;

/** Room for fewer checkpoints than this is told before it ends. */
const FEW_CHECKPOINTS = 3;

/** A value as a JSON file. */
export const encodeJson = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

/**
 * Keeps a run in a directory as it comes, so that an interrupted run keeps what it had. Nothing is created before
 * there is something to keep. A storage that fails never ends the run: it is told, and what could not be written
 * is tried again with what comes next.
 */
export class RunRecord {
  readonly directory: Directory;
  readonly start: RunStart;
  readonly #tell: Tell;
  readonly #metrics: GrowingFile;
  readonly #rollouts: GrowingFile;
  #summary: RunSummary;
  #evaluations: TrainingEvaluations = { during: [] };
  /** Writes follow one another in the order of the events. */
  #queue: Promise<void> = Promise.resolve();
  /** Kinds of events that the storage last failed to take; each is told once. */
  readonly #failing = new Set<RunEvent['type']>();
  #isRoomLow = false;
  #savedStep: number | undefined;
  #begun = false;
  #policyWritten = false;

  /**
   * @param tell takes what the record has to say: warnings, and `saved` for each stored checkpoint
   */
  constructor(directory: Directory, start: RunStart, tell: Tell) {
    this.directory = directory;
    this.start = start;
    this.#tell = tell;
    this.#metrics = new GrowingFile(directory, 'metrics.jsonl');
    this.#rollouts = new GrowingFile(directory, 'rollouts.jsonl');
    const now = new Date().toISOString();
    this.#summary = { status: 'running', step: 0, steps: start.config.steps, started: now, updated: now };
  }

  /**
   * The record of a new run.
   * @throws Error when the directory holds something already
   */
  static async begin(directory: Directory, start: RunStart, tell: Tell): Promise<RunRecord> {
    const [name] = [...(await directory.files()), ...(await directory.directories())];
    if (name === undefined) return new RunRecord(directory, start, tell);
    throw new Error(`a run is kept there already (${name}); go on with it, remove it, or give another name`);
  }

  /**
   * The record of a run that a directory holds; `goBack` comes next.
   * @param steps another length than the run has had so far
   * @throws Error that says what a directory without a run lacks
   */
  static async open(directory: Directory, tell: Tell, steps?: number): Promise<RunRecord> {
    const { config, tasks } = await readStart(directory);
    const record = new RunRecord(directory, { config: { ...config, ...(steps && { steps }) }, tasks }, tell);
    const { started = record.#summary.started } = (await readSummary(directory)) ?? {};
    record.#summary.started = started;
    [record.#savedStep] = await checkpointSteps(directory);
    if (record.#savedStep === undefined) {
      throw new Error(
        'the run was ended before its first checkpoint, so nothing of it is lost: start it again',
      );
    }
    return record;
  }

  get evaluations(): TrainingEvaluations {
    return this.#evaluations;
  }

  /** Steps whose metrics are kept. */
  get steps(): number {
    return this.#summary.step;
  }

  /** The step of the last whole checkpoint; undefined where there is none. */
  get savedStep(): number | undefined {
    return this.#savedStep;
  }

  get policyWritten(): boolean {
    return this.#policyWritten;
  }

  /** True once anything was kept. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Keeps what an event holds; resolves when that is done or was told to have failed. */
  take(event: RunEvent): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      try {
        await this.#keep(event);
        const isMended = this.#failing.delete(event.type) && this.#failing.size === 0;
        if (isMended) this.#warn('the storage takes again what is written');
      } catch (error) {
        this.#fail(event.type, error as Error);
      }
    });
    return this.#queue;
  }

  /** An emit that keeps each event and hands it on; checkpoints end here. */
  keeping(next: Emit): Emit {
    return async (event) => {
      const kept = this.take(event);
      if (event.type !== 'checkpoint') await next(event);
      await kept;
    };
  }

  /**
   * Goes back to the last whole checkpoint: cuts off what came after it.
   * @returns the checkpoint's files
   * @throws Error when no checkpoint is whole
   */
  async goBack(): Promise<CheckpointFiles> {
    await this.#queue;
    const stored = await latestCheckpoint(this.directory, (message) => this.#warn(message));
    if (!stored)
      throw new Error('no checkpoint is whole, so there is nothing to go on from: start the run again');
    for (const step of await checkpointSteps(this.directory)) {
      if (step > stored.step) await removeCheckpoint(this.directory, step);
    }
    for (const file of [this.#metrics, this.#rollouts]) await file.cut(stored.marks[file.name] ?? 0);
    this.#evaluations = readTrainerState(stored.files).evaluations;
    this.#policyWritten = false;
    this.#summary = { ...this.#summary, status: 'running', step: stored.step };
    this.#savedStep = stored.step;
    return stored.files;
  }

  async #keep(event: RunEvent): Promise<void> {
    switch (event.type) {
      case 'device':
        this.#summary.device = event.device;
        return;
      case 'step':
        this.#summary.step = event.metrics.step;
        this.#metrics.add([event.metrics]);
        return this.#grow(this.#metrics);
      case 'rollouts':
        this.#rollouts.add(event.records);
        return this.#grow(this.#rollouts);
      case 'evaluation':
        if (event.name === 'during') this.#evaluations.during.push(event.evaluation);
        else this.#evaluations[event.name] = event.evaluation;
        return this.#keepEvaluations();
      case 'checkpoint':
        return this.#keepCheckpoint(event.step, event.files);
      case 'resume':
        return this.#keepEvaluations();
      case 'policy':
        return this.#keepPolicy(event.files);
      case 'done':
        this.#summary.status = event.stopped ? 'stopped' : 'finished';
        return this.#keepSummary();
      case 'status':
      case 'warning':
      case 'saved':
      case 'groups':
      case 'vocabulary':
        return;
      default:
        event satisfies never;
    }
  }

  async #begin(): Promise<void> {
    if (this.#begun) return;
    const { config, tasks } = this.start;
    await this.directory.write('config.json', encodeJson(config));
    if (tasks !== undefined) await this.directory.write('tasks.jsonl', new TextEncoder().encode(tasks));
    this.#begun = true;
  }

  async #grow(file: GrowingFile): Promise<void> {
    await this.#begin();
    await file.write();
    if (file.lost > 0) this.#warn(`${file.lost} lines of ${file.name} are lost, for the storage takes none`);
    file.lost = 0;
  }

  async #keepEvaluations(): Promise<void> {
    await this.#begin();
    const { device } = this.#summary;
    await this.directory.write('evaluation.json', encodeJson({ device, ...this.#evaluations }));
    await this.#keepSummary();
  }

  async #keepSummary(): Promise<void> {
    this.#summary.updated = new Date().toISOString();
    await this.directory.write('run.json', encodeJson(this.#summary));
  }

  async #keepPolicy(files: PolicyFiles): Promise<void> {
    await this.#begin();
    const directory = this.directory.directory('policy');
    for (const [name, bytes] of Object.entries(files)) await directory.write(name, bytes);
    this.#policyWritten = true;
  }

  /** Stores a checkpoint after all that came before it, so that a whole one never lacks lines of its run. */
  async #keepCheckpoint(step: number, files: CheckpointFiles): Promise<void> {
    await this.#begin();
    const growing = [this.#metrics, this.#rollouts];
    const size = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    await this.#watchRoom(size);
    try {
      for (const file of growing) {
        await this.#grow(file);
        await file.flush();
      }
      const marks = Object.fromEntries(growing.map(({ name, length }) => [name, length]));
      await this.#withRoom(step, () => writeCheckpoint(this.directory, { step, files, marks }));
    } catch (error) {
      throw new Error(`the checkpoint of step ${step} could not be stored (${(error as Error).message})`);
    }
    this.#savedStep = step;
    this.#tell({ type: 'saved', step });
    await pruneCheckpoints(this.directory, this.start.config.checkpoint_keep);
    await this.#keepSummary();
  }

  /** Tries a write of a checkpoint again when older ones, all but the last whole one, have made room. */
  async #withRoom(step: number, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch {
      await removeCheckpoint(this.directory, step);
      await pruneCheckpoints(this.directory, 1);
      try {
        await write();
      } catch (error) {
        await removeCheckpoint(this.directory, step);
        throw error;
      }
    }
  }

  async #watchRoom(checkpoint: number): Promise<void> {
    const room = await this.directory.room();
    const wasLow = this.#isRoomLow;
    this.#isRoomLow = room !== undefined && room.quota - room.used < FEW_CHECKPOINTS * checkpoint;
    if (!room || !this.#isRoomLow || wasLow) return;
    const size = (bytes: number) => `${(bytes / MEBIBYTE).toFixed(1)} MB`;
    this.#warn(
      `the storage is nearly full: ${size(room.used)} of ${size(room.quota)} are used, and a checkpoint takes ${size(checkpoint)}; remove older runs`,
    );
  }

  #fail(type: RunEvent['type'], { message }: Error): void {
    if (this.#failing.has(type)) return;
    this.#failing.add(type);
    this.#warn(
      `the run goes on, but not all of it is kept: ${message}; make room, for instance by removing older runs`,
    );
  }

  #warn(message: string): void {
    this.#tell({ type: 'warning', message });
  }
}

/**
 * What a run's directory says that it was started with.
 * @throws Error that says what is missing
 */
export async function readStart(directory: Directory): Promise<RunStart> {
  const text = async (name: string) => {
    const bytes = await directory.read(name);
    return bytes && new TextDecoder().decode(bytes);
  };
  const config = await text('config.json');
  if (config === undefined) throw new Error('there is no run: config.json is missing');
  return { config: resolveConfig(parseJson(config)), tasks: await text('tasks.jsonl') };
}

/** A run's `run.json`; undefined where there is none, or a half one after a crash. */
export async function readSummary(directory: Directory): Promise<RunSummary | undefined> {
  const bytes = await directory.read('run.json');
  if (!bytes) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as RunSummary;
  } catch {
    return undefined; // Cut short: what it says is found in the other files too.
  }
}
