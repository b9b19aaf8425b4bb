import type { Evaluation, RunEvent } from '../src/runs/events.ts';
import { formatTime } from '../src/runs/format.ts';
import { INTERRUPTED, runCommand, UserError } from './errors.ts';
import { type Arguments, parseArguments } from './flags.ts';
import { helpText } from './help.ts';
import { checkedTasks, outputDirectory, showPath, startingPolicy } from './inputs.ts';
import { onInterrupt } from './interrupt.ts';
import { openLab } from './lab.ts';
import { Progress } from './progress.ts';
import { RunRecord } from './record.ts';
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
      case 'policy':
        return;
      default:
        event satisfies never;
    }
  };
}

/** What is missing from a run that ended without an error; empty when it is whole. */
function missing(record: RunRecord, steps: number, consoleErrors: number): string[] {
  const { before, after } = record.evaluations;
  const parts: string[] = [];
  if (!before) parts.push('the evaluation before');
  if (!after) parts.push('the evaluation after');
  if (record.steps < steps) parts.push(`the metrics of ${steps - record.steps} steps`);
  if (!record.policyWritten) parts.push('the trained policy');
  if (consoleErrors > 0) parts.push(`a clean console (${consoleErrors} errors)`);
  return parts;
}

async function train(given: Arguments): Promise<number> {
  const { config } = given;
  const directory = outputDirectory(given, config.method);
  const policy = startingPolicy(given.policy, config.method);
  const tasks = checkedTasks(given.tasks, config);

  const began = performance.now();
  const progress = new Progress();
  const narrator = new Narrator(progress);
  const record = new RunRecord(directory, config);
  let stop = (): void => process.exit(INTERRUPTED);
  onInterrupt(
    () => stop(),
    () => process.exit(INTERRUPTED),
  );
  const lab = await openLab(config.device, (event) => {
    record.take(event);
    narrator.tell(event);
  });
  try {
    stop = () => {
      progress.line('Stopping: this step is finished, evaluated and saved. Ctrl-C again ends at once.');
      lab.stop().catch((error: Error) => progress.line(`cannot stop: ${error.message}`));
    };
    await lab.train({ config, policy, tasks });
  } catch (error) {
    progress.end();
    if (record.begun) console.error(`What there is so far lies in ${showPath(directory)}/`);
    throw error;
  } finally {
    await lab.close();
  }
  progress.end();

  const { before, after } = record.evaluations;
  if (before && after) console.log(`\n${beforeAfterTable(before, after)}`);
  const { steps = 0, stopped = false } = narrator.outcome ?? {};
  const time = formatTime((performance.now() - began) / 1000);
  console.log(
    `\n${stopped ? 'Stopped' : 'Finished'} after ${steps} steps and ${time}: ${showPath(directory)}/`,
  );
  if (stopped) return INTERRUPTED;
  const parts = missing(record, steps, lab.consoleErrors.length);
  if (parts.length > 0) throw new UserError(`the run lacks ${parts.join(', ')}`);
  return 0;
}

await runCommand(async () => {
  const given = parseArguments(process.argv.slice(2), 'train');
  if (!given.help) return train(given);
  console.log(helpText('train'));
  return 0;
});
