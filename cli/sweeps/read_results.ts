import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { readRun } from '../../src/runs/export/run_data.ts';
import type { CellResult } from '../../src/runs/sweep/collect.ts';
import type { CellRecord } from '../../src/runs/sweep/results.ts';
import { UserError } from '../errors.ts';
import { showPath } from '../inputs.ts';

/** Files of a run that its results are in. */
const RESULTS = ['config.json', 'metrics.jsonl', 'evaluation.json'];

/** What a directory of a run or a cell holds, and why it counts for nothing when it does. */
export interface FoundResult {
  result: CellResult;
  problem?: string;
}

/** A cell of a sweep, or a run by itself; undefined for any other directory. */
export function readResult(directory: string): FoundResult | undefined {
  const file = path.join(directory, 'cell.json');
  const isCell = existsSync(file) || existsSync(path.join(directory, 'run'));
  const run = isCell ? path.join(directory, 'run') : directory;
  const names = RESULTS.filter((name) => existsSync(path.join(run, name)));
  const record = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CellRecord) : undefined;
  if (!names.includes('config.json') && !isCell) return undefined;
  const name = path.basename(directory);
  if (!names.includes('config.json')) {
    const problem = record?.error ? `failed: ${record.error}` : 'has not begun';
    return { result: { name } as CellResult, problem };
  }
  const files = names.map((at) => [at, new Uint8Array(readFileSync(path.join(run, at)))]);
  const { config, metrics, evaluations } = readRun(Object.fromEntries(files));
  const { index, build, seconds } = record ?? {};
  const result = { name, config, metrics, evaluations, index, build, seconds };
  if (record?.status === 'failed') return { result, problem: `failed: ${record.error}` };
  const unfinished = isCell && record === undefined;
  const problem =
    unfinished || !evaluations.after ? `unfinished, ${metrics.length} of ${config.steps} steps` : undefined;
  return { result, problem };
}

/**
 * All runs in a directory, finished or not: the cells of a sweep, or runs by themselves.
 * @throws UserError that names a run whose files are broken
 */
export function readResults(place: string): FoundResult[] {
  return readdirSync(place)
    .sort()
    .map((name) => path.join(place, name))
    .filter((inner) => statSync(inner).isDirectory())
    .flatMap((inner) => {
      try {
        return readResult(inner) ?? [];
      } catch (error) {
        throw new UserError(`${showPath(inner)}: ${(error as Error).message}`);
      }
    });
}
