import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../src/runs/config.ts';
import { ConfigError, needsPolicy } from '../../src/runs/options.ts';
import { cellName, type Plan, parsePlan, planConfigs, sha256 } from '../../src/runs/sweep/plan.ts';
import type { CellRecord } from '../../src/runs/sweep/results.ts';
import { UserError } from '../errors.ts';
import { checkedTasks, startingPolicy } from '../inputs.ts';
import { sweepBuild } from './build.ts';

/** One training of a sweep, and where it is kept. */
export interface Cell {
  index: number;
  name: string;
  config: Config;
  /** Holds `cell.json`, `config.json`, `log.txt` and the run itself in `run/`. */
  directory: string;
}

/** A plan with its cells, checked: everything is there that they need. */
export interface Sweep {
  cells: Cell[];
  build: string;
  /** Absolute paths, where the plan names them. */
  policy?: string;
  tasks?: string;
}

function readPlan(file: string): Plan {
  if (!existsSync(file)) throw new UserError(`${file}: there is no such plan`);
  return parsePlan(readFileSync(file, 'utf8'));
}

/** Hash of files by name. */
function hashOf(files: Record<string, Uint8Array>): Promise<string> {
  const parts = Object.keys(files)
    .sort()
    .flatMap((name) => [Buffer.from(`${name}\0`), files[name]!]);
  return sha256(new Uint8Array(Buffer.concat(parts)));
}

/**
 * Reads a plan, and names its cells by everything that their results follow from.
 * @param out where the cells lie
 * @throws UserError that names the plan, before anything is computed
 */
export async function readSweep(file: string, out: string, quick: boolean): Promise<Sweep> {
  let plan: Plan;
  let configs: Config[];
  try {
    plan = readPlan(file);
    configs = planConfigs(quick ? { ...plan, quick } : plan);
  } catch (error) {
    if (error instanceof ConfigError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
  const beside = (place: string | undefined) =>
    place === undefined ? undefined : path.resolve(path.dirname(file), place);
  const [policy, tasks] = [beside(plan.policy), beside(plan.tasks)];
  // The same for all cells but for those that start from random weights.
  const hashes = new Map<boolean, Promise<string>>();
  const policyHash = (config: Config) => {
    const needed = policy !== undefined || needsPolicy(config.method);
    if (!hashes.has(needed)) hashes.set(needed, hashOf(startingPolicy(policy, config.method)));
    return needed ? hashes.get(needed) : undefined;
  };
  for (const families of new Set(configs.map((config) => config.families))) {
    checkedTasks(tasks, configs.find((config) => config.families === families)!);
  }
  const tasksHash = tasks === undefined ? undefined : await hashOf({ tasks: readFileSync(tasks) });
  const build = sweepBuild();
  const cells = configs.map(async (config, index): Promise<Cell> => {
    const name = await cellName({ config, build, policy: await policyHash(config), tasks: tasksHash });
    return { index, name, config, directory: path.join(out, name) };
  });
  return { cells: await Promise.all(cells), build, policy, tasks };
}

/** What is known of a cell: nothing before it has come to an end. */
export function readCellRecord({ directory }: Cell): CellRecord | undefined {
  const file = path.join(directory, 'cell.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CellRecord) : undefined;
}

export function isDone(cell: Cell): boolean {
  return readCellRecord(cell)?.status === 'done';
}

/** Writes what became of a cell, whole or not at all. */
export function writeCellRecord(cell: Cell, record: CellRecord): void {
  const file = path.join(cell.directory, 'cell.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Makes a cell's directory, with its configuration. */
export function prepareCell({ directory, config }: Cell): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** Steps that a cell's run has kept so far: the lines of its metrics. */
export function stepsSoFar({ directory }: Cell): number {
  const file = path.join(directory, 'run', 'metrics.jsonl');
  if (!existsSync(file)) return 0;
  let lines = 0;
  for (const byte of readFileSync(file)) if (byte === 10) lines++;
  return lines;
}
