import { loadCheckpoint, type PolicyFiles } from '../../policy/checkpoint.ts';
import type { Config } from '../config.ts';
import type { Evaluation, Evaluations, RolloutRecord, StepMetrics } from '../events.ts';
import { parseJson, resolveConfig } from '../options.ts';
import { taskSuite } from '../tasks.ts';
import type { Files } from './zip.ts';

/** A run, as `runs/<name>/` holds it. */
export interface RunData {
  config: Config;
  metrics: StepMetrics[];
  rollouts: RolloutRecord[];
  evaluations: Evaluations;
  /** The trained policy, when the run came to its end. */
  policy?: PolicyFiles;
  /** The user's own tasks (JSONL text), when it had any. */
  tasks?: string;
  /** Everything else (checkpoints), by path; its readers check it. */
  other: Files;
}

const POLICY = 'policy/';
const KNOWN = new Set(['config.json', 'metrics.jsonl', 'rollouts.jsonl', 'evaluation.json', 'tasks.jsonl']);

/** The files of a run, by path inside its directory. */
export function writeRun(run: RunData): Files {
  const text = (value: string) => new TextEncoder().encode(value);
  const json = (value: object) => text(`${JSON.stringify(value, null, 2)}\n`);
  const lines = (records: readonly object[]) =>
    text(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const files: Files = { 'config.json': json(run.config) };
  if (run.metrics.length > 0) files['metrics.jsonl'] = lines(run.metrics);
  if (run.rollouts.length > 0) files['rollouts.jsonl'] = lines(run.rollouts);
  if (Object.keys(run.evaluations).length > 0) files['evaluation.json'] = json(run.evaluations);
  if (run.tasks !== undefined) files['tasks.jsonl'] = text(run.tasks);
  for (const [name, bytes] of Object.entries(run.policy ?? {})) files[POLICY + name] = bytes;
  return { ...files, ...run.other };
}

/**
 * Reads and checks the files of a run, its policy included.
 * @throws Error that names the file, the line in it, what was expected and what was found
 */
export function readRun(files: Files): RunData {
  if (!files['config.json']) {
    const names = Object.keys(files).slice(0, 3).join(', ') || 'nothing';
    throw new Error(`readRun(): there is no config.json (but ${names}); give a run that train has written`);
  }
  const policy = Object.entries(files)
    .filter(([path]) => path.startsWith(POLICY))
    .map(([path, bytes]) => [path.slice(POLICY.length), bytes] as const);
  const run: RunData = {
    config: inFile('config.json', () => resolveConfig(parseJson(decode(files['config.json']!)))),
    metrics: readLines(files, 'metrics.jsonl', checkMetrics),
    rollouts: readLines(files, 'rollouts.jsonl', checkRollout),
    evaluations: readEvaluations(files['evaluation.json']),
    other: Object.fromEntries(
      Object.entries(files).filter(([path]) => !KNOWN.has(path) && !path.startsWith(POLICY)),
    ),
  };
  run.metrics.forEach(({ step }, i) => {
    const before = run.metrics[i - 1]?.step ?? 0;
    if (step <= before) throw wrong(`metrics.jsonl line ${i + 1}`, `a step after ${before}`, step);
  });
  if (files['tasks.jsonl']) {
    run.tasks = inFile('tasks.jsonl', () => decode(files['tasks.jsonl']!));
    inFile('tasks.jsonl', () => taskSuite(run.config, run.tasks));
  }
  if (files['run.json']) inFile('run.json', () => JSON.parse(decode(files['run.json']!)));
  if (policy.length > 0) {
    run.policy = Object.fromEntries(policy);
    inFile('policy/', () => loadCheckpoint(run.policy!));
  }
  return run;
}

function wrong(where: string, expected: string, got: unknown): Error {
  const shown = JSON.stringify(got) ?? 'nothing';
  return new Error(
    `readRun(): ${where}: expected ${expected}, got ${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}`,
  );
}

function inFile<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`readRun(): ${name}: ${(error as Error).message}`);
  }
}

const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
/** What is no number (NaN, infinite) is written as `null`. */
const isMetric = (value: unknown) => value === null || isNumber(value);
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Records of a JSONL file. A last line that does not end, as a killed process leaves it, is no record.
 * @param check throws for what is no record; `where` names the line
 */
function readLines<T>(files: Files, name: string, check: (record: Json, where: string) => T): T[] {
  const bytes = files[name];
  if (!bytes) return [];
  const lines = inFile(name, () => decode(bytes)).split('\n');
  lines.pop();
  return lines.map((line, i) => {
    const where = `${name} line ${i + 1}`;
    const record: unknown = inFile(where, () => JSON.parse(line));
    if (!isObject(record)) throw wrong(where, 'a JSON object', record);
    return check(record, where);
  });
}

function checkMetrics(record: Json, where: string): StepMetrics {
  for (const [name, value] of Object.entries(record)) {
    if (!isMetric(value)) throw wrong(where, `a number as ${name}`, value);
  }
  if (!isCount(record.step)) throw wrong(where, 'a whole number as step', record.step);
  return record as StepMetrics;
}

const ROLLOUT: Record<string, [rule: (value: unknown) => boolean, words: string]> = {
  ...Object.fromEntries(
    ['step', 'group', 'sample', 'tokens'].map((key) => [key, [isCount, 'a whole number']]),
  ),
  ...Object.fromEntries(
    ['source', 'prompt_id', 'prompt', 'completion'].map((key) => [
      key,
      [(value: unknown) => typeof value === 'string', 'a text'],
    ]),
  ),
  terminated: [(value) => typeof value === 'boolean', 'true or false'],
  verdict: [(value) => value === undefined || typeof value === 'string', 'a text'],
  reward: [isMetric, 'a number'],
  advantage: [isMetric, 'a number'],
  parts: [(value) => isObject(value) && Object.values(value).every(isMetric), 'numbers by name'],
  detail: [(value) => value === undefined || isObject(value), 'an object'],
};

function checkRollout(record: Json, where: string): RolloutRecord {
  for (const [key, [rule, words]] of Object.entries(ROLLOUT)) {
    if (!rule(record[key])) throw wrong(where, `${words} as ${key}`, record[key]);
  }
  return record as unknown as RolloutRecord;
}

function readEvaluations(bytes: Uint8Array | undefined): Evaluations {
  if (!bytes) return {};
  const name = 'evaluation.json';
  const found: unknown = inFile(name, () => JSON.parse(decode(bytes)));
  if (!isObject(found)) throw wrong(name, 'a JSON object', found);
  const { device, during = [] } = found;
  const isDevice =
    isObject(device) && typeof device.backend === 'string' && typeof device.adapter === 'string';
  if (device !== undefined && !isDevice) throw wrong(name, 'backend and adapter as device', device);
  if (!Array.isArray(during)) throw wrong(name, 'a list as during', during);
  during.forEach((one, i) => {
    checkEvaluation(one, `${name}: during[${i}]`);
  });
  for (const key of ['evaluation', 'before', 'after']) {
    if (found[key] !== undefined) checkEvaluation(found[key], `${name}: ${key}`);
  }
  return found as Evaluations;
}

function checkEvaluation(found: unknown, where: string): asserts found is Evaluation {
  if (!isObject(found)) throw wrong(where, 'a JSON object', found);
  if (!isCount(found.step)) throw wrong(where, 'a whole number as step', found.step);
  if (!isMetric(found.seconds)) throw wrong(where, 'a number as seconds', found.seconds);
  for (const key of ['measures', 'verdicts']) {
    if (!isObject(found[key])) throw wrong(where, `an object as ${key}`, found[key]);
  }
  for (const [name, estimate] of Object.entries(found.measures as Json)) {
    const fields = isObject(estimate) ? ['value', 'low', 'high', 'count'].map((key) => estimate[key]) : [];
    if (fields.length === 0 || !fields.every(isMetric)) {
      throw wrong(where, `value, low, high and count as ${name}`, estimate);
    }
  }
  for (const [name, share] of Object.entries(found.verdicts as Json)) {
    if (!isMetric(share)) throw wrong(where, `a number as the share of ${name}`, share);
  }
}
