import type { CheckpointFiles, PolicyFiles, RunEvent } from '../src/runs/events.ts';
import { NodeDirectory } from '../src/runs/storage/node.ts';
import { RunRecord, type RunStart } from '../src/runs/storage/record.ts';
import { supervise } from '../src/runs/supervise.ts';
import { type Lab, openLab } from './lab.ts';
import { lockRun } from './lock.ts';
import { serveSite } from './server.ts';
import { buildSite } from './site.ts';

/**
 * A training in headless browsers, kept in a directory: when its browser, page, worker or device is lost, it goes
 * on in a new browser from its last checkpoint.
 */
export class HeadlessRun {
  readonly directory: NodeDirectory;
  readonly start: RunStart;
  readonly #policy: PolicyFiles;
  readonly #tell: (event: RunEvent) => void;
  #record: RunRecord;
  #lab: Lab | undefined;
  #unlock: (() => void) | undefined;
  #isStopped = false;
  /** Errors on the console of the last browser. */
  consoleErrors: readonly string[] = [];

  private constructor(record: RunRecord, policy: PolicyFiles, tell: (event: RunEvent) => void) {
    this.directory = record.directory as NodeDirectory;
    this.start = record.start;
    this.#record = record;
    this.#policy = policy;
    this.#tell = tell;
  }

  /** A new run; nothing is written before there is something to keep. */
  static begin(
    directory: string,
    start: RunStart,
    policy: PolicyFiles,
    tell: (event: RunEvent) => void,
  ): HeadlessRun {
    return new HeadlessRun(new RunRecord(new NodeDirectory(directory), start, tell), policy, tell);
  }

  /**
   * A run that a directory holds, to go on with.
   * @param steps another length than it has had so far
   * @throws Error that says what a directory without a run lacks
   */
  static async open(
    directory: string,
    steps: number | undefined,
    tell: (event: RunEvent) => void,
  ): Promise<HeadlessRun> {
    return new HeadlessRun(await RunRecord.open(new NodeDirectory(directory), tell, steps), {}, tell);
  }

  /** What is kept so far. */
  get record(): RunRecord {
    return this.#record;
  }

  /** Trains to the end, to `stop()`, or to an error. */
  async train(): Promise<void> {
    const site = await serveSite(await buildSite());
    try {
      if (this.#record.savedStep !== undefined) this.#lock();
      await supervise(
        () => this.#attempt(site),
        () => this.#record.savedStep,
        this.#tell,
      );
    } finally {
      this.#unlock?.();
      await site.close();
    }
  }

  #lock(): void {
    this.#unlock ??= lockRun(this.directory.path);
  }

  /** Ends after the update in progress, with an evaluation and the policy. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#lab?.stop();
  }

  async #attempt(site: Parameters<typeof openLab>[0]): Promise<void> {
    const { config, tasks } = this.start;
    const checkpoint = await this.#lastCheckpoint();
    const record = this.#record;
    const lab = await openLab(site, config.device, async (event) => {
      this.#tell(event);
      await record.take(event);
      if (record.begun) this.#lock();
    });
    this.#lab = lab;
    this.consoleErrors = lab.consoleErrors;
    try {
      const trained = lab.train({ config, policy: this.#policy, tasks, checkpoint });
      if (this.#isStopped) await lab.stop();
      await trained;
    } finally {
      this.#lab = undefined;
      await lab.close();
    }
  }

  async #lastCheckpoint(): Promise<CheckpointFiles | undefined> {
    if (this.#record.savedStep !== undefined) return this.#record.goBack();
    // Lost before its first checkpoint: what there is was told by a trainer that is gone.
    if (this.#record.begun) this.#record = new RunRecord(this.directory, this.start, this.#tell);
    return undefined;
  }
}
