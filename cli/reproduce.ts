import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toHtml } from '../src/reproduce/html.ts';
import { toMarkdown } from '../src/reproduce/markdown.ts';
import { type ReportFacts, reportBlocks, TITLE } from '../src/reproduce/report.ts';
import type { ExperimentResult } from '../src/reproduce/results.ts';
import {
  armCells,
  calibratedConfig,
  type Experiment,
  experiments,
  FULL,
  QUICK,
  type Scale,
  tunedSettings,
  tuningConfigs,
} from '../src/reproduce/suite.ts';
import { type TuningResult, tuningResults } from '../src/reproduce/tuning.ts';
import type { Config } from '../src/runs/config.ts';
import { toCsv } from '../src/runs/export/csv.ts';
import { type CellResult, cellRows } from '../src/runs/sweep/collect.ts';
import { INTERRUPTED, runCommand, UserError } from './errors.ts';
import { showPath } from './inputs.ts';
import { ROOT } from './site.ts';
import { type Cell, readSweep, type Sweep } from './sweeps/cells.ts';
import { readResult } from './sweeps/read_results.ts';
import { runCells } from './sweeps/run_cells.ts';
import { type FileCommand, readWords, type Words, wholeNumber, wordsHelp } from './words.ts';

const COMMAND: FileCommand = {
  usage: 'reproduce -- [options]',
  purpose:
    "Checks the paper's claims: chooses learning rates on validation tasks, trains every arm of every experiment over seeds, and writes report.md, report.html and cells.csv. Interrupted, the same command goes on.",
  flags: {
    out: { value: 'DIR', help: 'where runs and report lie (runs/reproduce, or runs/reproduce-quick)' },
    seeds: { value: 'N', help: 'seeds of each arm (5; 2 with --quick)' },
    only: { value: 'A,B', help: 'these experiments alone (main, calibrated, algorithms, ablations)' },
    parallel: { value: 'N', help: 'runs at a time (1)' },
    quick: { help: 'a smoke run of a few minutes, whose figures mean nothing' },
    report: { help: 'train nothing, write the report of what there is' },
  },
};

const REPORT_FILES = ['report.md', 'report.html', 'cells.csv'];

const SHIPPED = path.join(ROOT, 'public', 'policy');

/** What the command line asks for. */
interface Request {
  scale: Scale;
  out: string;
  seeds: number;
  parallel: number;
  reportOnly: boolean;
  chosen: Experiment[];
}

/** A suite under way: runs its stages in turn and keeps what they gave. */
class Suite {
  readonly #request: Request;
  readonly #results = new Map<string, ExperimentResult>();
  readonly #tuning: TuningResult[] = [];
  /** Labels of arms by cell, for `cells.csv`. */
  readonly #rows: { experiment: string; arm: string; cell: CellResult }[] = [];
  #builds = new Set<string>();
  failed = 0;
  /** Once Ctrl-C has ended a stage, the others are read and not run, so that the report has all that there is. */
  interrupted = false;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Everything, the most important experiments first; the report is written after each. */
  async run(): Promise<void> {
    const { chosen } = this.#request;
    const starts = new Map<Experiment['start'], string | undefined>();
    for (const start of new Set(chosen.map((one) => one.start))) {
      const policy = start === 'shipped' ? SHIPPED : await this.#teachCalibrated();
      starts.set(start, policy);
      if (policy) await this.#tune(start, policy);
    }
    for (const experiment of chosen) {
      const policy = starts.get(experiment.start);
      if (policy) await this.#experiment(experiment, policy);
      else this.#results.set(experiment.key, { experiment, arms: [] });
      this.writeReport();
    }
  }

  /** The policy that the experiment on `calibrated` starts from; undefined while there is none. */
  async #teachCalibrated(): Promise<string | undefined> {
    const [cell] = await this.#stage('calibrated-start', SHIPPED, [calibratedConfig(this.#request.scale)]);
    return cell?.done ? path.join(cell.cell.directory, 'run', 'policy') : undefined;
  }

  async #tune(start: Experiment['start'], policy: string): Promise<void> {
    const { scale, chosen } = this.#request;
    const settings = tunedSettings(scale, chosen).filter((one) => one.start === start);
    const cells = await this.#stage(`tuning-${start}`, policy, tuningConfigs(scale, settings));
    this.#tuning.push(
      ...tuningResults(
        settings,
        cells.map(({ done }) => done),
      ),
    );
  }

  async #experiment(experiment: Experiment, policy: string): Promise<void> {
    const { scale, seeds } = this.#request;
    const chosen = this.#tuning.flatMap(({ key, chosen }) => (chosen === undefined ? [] : [[key, chosen]]));
    const rates = Object.fromEntries(chosen) as Record<string, number>;
    const untuned = experiment.arms.find(({ tuned }) => rates[tuned] === undefined);
    if (untuned) {
      console.error(
        `${experiment.key}: left out, for the learning rate of ${untuned.tuned} is not chosen yet`,
      );
      this.#results.set(experiment.key, { experiment, arms: [] });
      return;
    }
    const planned = armCells(scale, experiment, seeds, rates);
    const cells = await this.#stage(
      experiment.key,
      policy,
      planned.map(({ config }) => config),
    );
    const arms = experiment.arms.map((arm) => ({
      arm,
      cells: cells.flatMap(({ done }, i) => (done && planned[i]!.arm === arm ? [done] : [])),
    }));
    for (const { arm, cells: own } of arms) {
      for (const cell of own) this.#rows.push({ experiment: experiment.key, arm: arm.key, cell });
    }
    const start = cells.find(({ done }) => done?.evaluations.before)?.done?.evaluations.before;
    // The ablations are compared with what they change.
    const whole = this.#results.get('main')?.arms.filter(({ arm }) => arm.key === 'coderl_plus') ?? [];
    this.#results.set(experiment.key, {
      experiment,
      arms: experiment.key === 'ablations' ? [...whole, ...arms] : arms,
      start: start ?? (experiment.start === 'shipped' ? this.#results.get('main')?.start : undefined),
    });
  }

  /** Runs the trainings of a stage that are not done; returns all, in order. */
  async #stage(name: string, policy: string, configs: readonly Config[]) {
    const { out, parallel, reportOnly } = this.#request;
    const directory = path.join(out, name);
    mkdirSync(directory, { recursive: true });
    const plan = path.join(directory, 'plan.json');
    const beside = path.relative(directory, policy);
    writeFileSync(plan, `${JSON.stringify({ policy: beside, cells: configs }, null, 2)}\n`);
    const sweep: Sweep = await readSweep(plan, directory, false);
    if (!reportOnly && !this.interrupted) {
      console.log(`== ${name}: ${configs.length} runs`);
      const outcome = await runCells(sweep, sweep.cells, parallel);
      this.failed += outcome.failed + outcome.elsewhere;
      this.interrupted = outcome.interrupted;
    }
    this.#builds.add(sweep.build);
    return sweep.cells.map((cell) => ({ cell, done: finished(cell) }));
  }

  /** Writes what there is to tell so far. */
  writeReport(): void {
    const { out, scale, seeds } = this.#request;
    const results = [...this.#results.values()];
    const runs = this.#rows.map(({ cell }) => cell);
    const wanted = results.reduce((sum, { experiment }) => sum + experiment.arms.length * seeds, 0);
    const facts: ReportFacts = {
      command: `npm run reproduce${scale === QUICK ? ' -- --quick' : ''}`,
      scale,
      seeds,
      results,
      tuning: this.#tuning,
      missing: { runs: wanted - runs.length, of: wanted },
      device: runs[0]?.evaluations.device,
      builds: [...this.#builds],
    };
    const blocks = reportBlocks(facts);
    const rows = cellRows(runs).map((row, i) => {
      const { experiment, arm } = this.#rows[i]!;
      return { experiment, arm, ...row };
    });
    const contents = [toMarkdown(blocks), toHtml(TITLE, blocks), toCsv(rows)];
    for (const [i, name] of REPORT_FILES.entries()) writeFileSync(path.join(out, name), contents[i]!);
  }
}

/** The result of a cell that has come to its end. */
function finished({ directory }: Cell): CellResult | undefined {
  const found = readResult(directory);
  return found && found.problem === undefined ? found.result : undefined;
}

function requestOf({ words, flags }: Words): Request {
  if (words.length > 0)
    throw new UserError(`expected options alone, got "${words[0]}": npm run ${COMMAND.usage}`);
  const quick = flags.has('quick');
  const scale = quick ? QUICK : FULL;
  const all = experiments(scale);
  const names = flags.get('only')?.split(',') ?? all.map(({ key }) => key);
  const unknown = names.find((name) => !all.some(({ key }) => key === name));
  if (unknown !== undefined) {
    throw new UserError(
      `--only: there is no experiment "${unknown}", there are ${all.map(({ key }) => key).join(', ')}`,
    );
  }
  return {
    scale,
    out: path.resolve(flags.get('out') ?? path.join(ROOT, 'runs', quick ? 'reproduce-quick' : 'reproduce')),
    seeds: wholeNumber('--seeds', flags.get('seeds') ?? (quick ? '2' : '5'), 1, 1000),
    parallel: wholeNumber('--parallel', flags.get('parallel') ?? '1', 1, 256),
    reportOnly: flags.has('report'),
    chosen: all.filter(({ key }) => names.includes(key)),
  };
}

async function reproduce(request: Request): Promise<number> {
  const suite = new Suite(request);
  await suite.run();
  const names = REPORT_FILES.map((name) => showPath(path.join(request.out, name)));
  console.log(`Written: ${names.join(', ')}`);
  if (suite.interrupted) return INTERRUPTED;
  return suite.failed > 0 ? 1 : 0;
}

await runCommand(async () => {
  const given = readWords(process.argv.slice(2), COMMAND);
  if (!given.flags.has('help')) return reproduce(requestOf(given));
  console.log(wordsHelp(COMMAND));
  return 0;
});
