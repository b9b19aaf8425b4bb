import path from 'node:path';
import type { Config } from '../src/runs/config.ts';
import type { Evaluation, RunEvent } from '../src/runs/events.ts';
import { formatTime } from '../src/runs/format.ts';
import { checkpointPlace } from '../src/runs/storage/checkpoints.ts';
import { type RunRecord, readSummary } from '../src/runs/storage/record.ts';
import { INTERRUPTED, runCommand, UserError } from './errors.ts';
import { type Arguments, parseArguments } from './flags.ts';
import { HeadlessRun } from './headless_run.ts';
import { helpText } from './help.ts';
import { checkedTasks, outputDirectory, showPath, startingPolicy } from './inputs.ts';
import { onInterrupt } from './interrupt.ts';
import { Progress } from './progress.ts';
import { beforeAfterTable, deviceLine, evaluationLine, stepLine } from './report.ts';

/** Lines printed over a whole run, about. */
const LINES = 20;

/** Shows the events of a run on the terminal. */
class Narrator {
  readonly #progress: Progress;
  #latest: Evaluation | undefined;
  outcome: { steps: number; stopped: boolean } | undefined;

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  readonly tell = (event: RunEvent): void => {
    switch (event.type) {
      case 'device':
        this.#progress.line(deviceLine(event.device));
        return;
      case 'status':
        this.#progress.status(event.message);
        return;
      case 'warning':
        this.#progress.line(`warning: ${event.message}`);
        return;
      case 'step': {
        const { metrics, totalSteps } = event;
        this.#progress.step(metrics.step, totalSteps);
        const every = Math.ceil(totalSteps / LINES);
        const worthALine = metrics.step === 1 || metrics.step === totalSteps || metrics.step % every === 0;
        if (worthALine) this.#progress.line(stepLine(metrics, totalSteps, this.#latest));
        return;
      }
      case 'resume': {
        const { step, evaluations } = event;
        this.#latest = evaluations.during.at(-1) ?? evaluations.before;
        this.#progress.line(`going on from step ${step}`);
        this.#progress.startSteps(evaluations.before?.seconds ?? 0, step);
        return;
      }
      case 'evaluation':
        this.#latest = event.evaluation;
        this.#progress.line(evaluationLine(event.name, event.evaluation));
        if (event.name === 'before') this.#progress.startSteps(event.evaluation.seconds);
        return;
      case 'done':
        this.outcome = event;
        return;
      case 'rollouts':
      case 'groups':
      case 'vocabulary':
      case 'checkpoint':
      case 'saved':
      case 'policy':
        return;
      default:
        event satisfies never;
    }
  };
}

/** What is missing from a run that ended without an error; empty when it is whole. */
function missing(record: RunRecord, { eval_before }: Config, steps: number, consoleErrors: number): string[] {
  const { before, after } = record.evaluations;
  const parts: string[] = [];
  if (!before && eval_before) parts.push('the evaluation before');
  if (!after) parts.push('the evaluation after');
  if (record.steps < steps) parts.push(`the metrics of ${steps - record.steps} steps`);
  if (!record.policyWritten) parts.push('the trained policy');
  if (consoleErrors > 0) parts.push(`a clean console (${consoleErrors} errors)`);
  return parts;
}

/** The run that a command line asks for: a new one, or one to go on with. */
async function prepare(given: Arguments, tell: (event: RunEvent) => void): Promise<HeadlessRun> {
  if (given.resume) return openRun(given.resume.directory, given.resume.steps, tell);
  const { config } = given;
  const directory = outputDirectory(given, config.method);
  const policy = startingPolicy(given.policy, config.method);
  const tasks = checkedTasks(given.tasks, config);
  return HeadlessRun.begin(directory, { config, tasks }, policy, tell);
}

async function openRun(place: string, steps: number | undefined, tell: (event: RunEvent) => void) {
  try {
    return await HeadlessRun.open(path.resolve(place), steps, tell);
  } catch (error) {
    throw new UserError(`--resume ${place}: ${(error as Error).message}`);
  }
}

async function train(given: Arguments): Promise<number> {
  const began = performance.now();
  const progress = new Progress();
  const narrator = new Narrator(progress);
  const run = await prepare(given, narrator.tell);
  const place = showPath(run.directory.path);
  if (given.resume && (await isFinished(run))) {
    console.log(`${place}/ has come to its end already; --steps N makes it longer`);
    return 0;
  }
  let stop = (): void => process.exit(INTERRUPTED);
  onInterrupt(
    () => stop(),
    () => process.exit(INTERRUPTED),
  );
  try {
    stop = () => {
      progress.line('Stopping: this step is finished, evaluated and saved. Ctrl-C again ends at once.');
      run.stop().catch((error: Error) => progress.line(`cannot stop: ${error.message}`));
    };
    await run.train();
  } catch (error) {
    progress.end();
    if (run.record.begun) console.error(keptMessage(place, run.record));
    throw error;
  }
  progress.end();

  const { before, after } = run.record.evaluations;
  if (before && after) console.log(`\n${beforeAfterTable(before, after)}`);
  const { steps = 0, stopped = false } = narrator.outcome ?? {};
  const time = formatTime((performance.now() - began) / 1000);
  console.log(`\n${stopped ? 'Stopped' : 'Finished'} after ${steps} steps and ${time}: ${place}/`);
  if (stopped) {
    console.log(`Go on with it: npm run train -- --resume ${place}`);
    return INTERRUPTED;
  }
  const parts = missing(run.record, run.start.config, steps, run.consoleErrors.length);
  if (parts.length > 0) throw new UserError(`the run lacks ${parts.join(', ')}`);
  return 0;
}

async function isFinished(run: HeadlessRun): Promise<boolean> {
  const summary = await readSummary(run.directory);
  return summary?.status === 'finished' && summary.steps >= run.start.config.steps;
}

/** What a run that failed leaves behind, and how to go on from there. */
function keptMessage(place: string, { savedStep }: RunRecord): string {
  const parts = [`What there is so far lies in ${place}/`];
  if (savedStep !== undefined) {
    parts.push(
      `its last checkpoint is that of step ${savedStep}: --resume ${place} goes on from there, --policy ${place}/${checkpointPlace(savedStep)} starts another run with its policy`,
    );
  }
  return parts.join('; ');
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'train');
  if (!given.help) return train(given);
  console.log(helpText('train'));
  return 0;
});
