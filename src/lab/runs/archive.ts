import { signal } from '@preact/signals';
import type {
  Evaluations,
  GroupDetail,
  LogProbsAnswer,
  PolicyFiles,
  RolloutRecord,
} from '../../runs/events.ts';
import { packRun, unpackRun } from '../../runs/export/archive.ts';
import { writeRun } from '../../runs/export/run_data.ts';
import type { NamedEvaluation, RunData, StepRollouts } from '../state/run.ts';
import { newRunData } from '../state/run.ts';
import type { RunEntry } from '../state/store.ts';

/** What the page keeps of a run besides the files of its directory. */
interface PageFile {
  name: string;
  created: number;
  totalSteps: number;
  vocabulary: readonly string[];
}

const PAGE = 'page/run.json';
/** One line a step: its groups' details. */
const GROUPS = 'page/groups.jsonl';
/** One line a group that was asked for: its log-probabilities after the update. */
const UPDATED = 'page/updated.jsonl';

/** Answers of the trainer to one group of one step. */
export interface UpdatedGroup {
  step: number;
  group: number;
  answer: LogProbsAnswer;
}

/** All that one file holds of a run. */
export interface RunContents {
  entry: RunEntry;
  steps: readonly StepRollouts[];
  updated: readonly UpdatedGroup[];
  policy?: PolicyFiles;
}

const encode = (text: string) => new TextEncoder().encode(text);
const lines = (values: readonly unknown[]) =>
  encode(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

/** A whole run as one file: its directory as `npm run train` writes it, and what the page shows beyond. */
export function packEntry({ entry, steps, updated, policy }: RunContents): Promise<Uint8Array> {
  const { metrics, evaluations, device, totalSteps, vocabulary } = entry.data.peek();
  const page: PageFile = { name: entry.name.peek(), created: entry.created, totalSteps, vocabulary };
  const files = writeRun({
    config: entry.config,
    metrics: [...metrics],
    rollouts: steps.flatMap(({ records }) => records),
    evaluations: evaluationsOf(evaluations, device),
    policy,
    other: {
      [PAGE]: encode(JSON.stringify(page)),
      [GROUPS]: lines(steps.map(({ step, details }) => ({ step, details }))),
      [UPDATED]: lines(updated),
    },
  });
  return packRun(files);
}

/**
 * Reads one file of {@link packEntry}, or a packed directory of `npm run train`.
 * @param fallbackName for a run that says no name of its own
 * @throws Error that says what is wrong with the file
 */
export function unpackEntry(
  bytes: Uint8Array,
  fallbackName: string,
  origin: RunEntry['origin'],
): RunContents {
  const { run } = unpackRun(bytes);
  const page = readPage(run.other[PAGE]);
  const details = readDetails(run.other[GROUPS]);
  const steps = stepsOf(run.rollouts, details);
  const evaluations: NamedEvaluation[] = (['before', 'after'] as const).flatMap((name) => {
    const evaluation = run.evaluations[name];
    return evaluation ? [{ ...evaluation, name }] : [];
  });
  evaluations.push(...(run.evaluations.during ?? []).map((one) => ({ ...one, name: 'during' as const })));
  const done = run.metrics.at(-1)?.step ?? 0;
  const data: RunData = {
    ...newRunData(run.config),
    phase: run.evaluations.after ? 'finished' : 'stopped',
    message:
      origin === 'recorded'
        ? `A recorded run of ${done} steps. Train makes one of your own.`
        : `An imported run of ${done} steps.`,
    device: run.evaluations.device,
    totalSteps: page?.totalSteps ?? Math.max(run.config.steps, done),
    metrics: run.metrics,
    evaluations: evaluations.sort((a, b) => a.step - b.step),
    vocabulary: page?.vocabulary ?? [],
    kept: steps.map(({ step }) => step),
    latest: steps.at(-1),
  };
  const byStep = new Map(steps.map((one) => [one.step, one]));
  const entry: RunEntry = {
    id: crypto.randomUUID(),
    name: signal(page?.name ?? fallbackName),
    created: page?.created ?? Date.now(),
    config: run.config,
    origin,
    data: signal(data),
    rollouts: async (step) => byStep.get(step),
  };
  return { entry, steps, updated: readUpdated(run.other[UPDATED]), policy: run.policy };
}

function evaluationsOf(evaluations: readonly NamedEvaluation[], device: RunData['device']): Evaluations {
  const of = (wanted: string) =>
    evaluations.filter(({ name }) => name === wanted).map(({ name: _, ...evaluation }) => evaluation);
  const [before] = of('before');
  const [after] = of('after');
  const during = of('during');
  return {
    ...(device && { device }),
    ...(before && { before }),
    ...(during.length > 0 && { during }),
    ...(after && { after }),
  };
}

/** Rollouts as the page shows them, step by step in order. */
function stepsOf(records: readonly RolloutRecord[], details: Map<number, GroupDetail[]>): StepRollouts[] {
  const steps = new Map<number, RolloutRecord[]>();
  for (const record of records) {
    const step = steps.get(record.step);
    if (step) step.push(record);
    else steps.set(record.step, [record]);
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([step, members]) => ({ step, records: members, details: details.get(step) ?? [] }));
}

// A file may come from anybody: nothing in it is believed before it is looked at.

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTable = (value: unknown): value is number[][] =>
  Array.isArray(value) && value.every((row) => Array.isArray(row) && row.every(isNumber));
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

function wrong(file: string, line: number, what: string): Error {
  return new Error(`${file} line ${line}: expected ${what}; export the run again`);
}

function readPage(bytes: Uint8Array | undefined): PageFile | undefined {
  if (!bytes) return undefined;
  const [page] = readLines(bytes, PAGE);
  const { name, created, totalSteps, vocabulary } = isObject(page) ? page : ({} as Json);
  if (typeof name !== 'string' || !isNumber(created) || !isCount(totalSteps) || !isTexts(vocabulary)) {
    throw wrong(PAGE, 1, 'name, created, totalSteps and vocabulary');
  }
  return { name: name.slice(0, 80), created, totalSteps, vocabulary };
}

function readLines(bytes: Uint8Array, file: string): unknown[] {
  const texts = new TextDecoder().decode(bytes).split('\n').filter(Boolean);
  return texts.map((text, i) => {
    try {
      return JSON.parse(text);
    } catch {
      throw wrong(file, i + 1, 'JSON');
    }
  });
}

function readDetails(bytes: Uint8Array | undefined): Map<number, GroupDetail[]> {
  const found = new Map<number, GroupDetail[]>();
  if (!bytes) return found;
  readLines(bytes, GROUPS).forEach((line, i) => {
    const { step, details } = isObject(line) ? line : ({} as Json);
    if (!isCount(step) || !Array.isArray(details) || !details.every(isDetail)) {
      throw wrong(GROUPS, i + 1, 'a step with the details of its groups');
    }
    found.set(step, details);
  });
  return found;
}

function isDetail(value: unknown): value is GroupDetail {
  if (!isObject(value)) return false;
  const { group, promptTokens, tokens, logProbs, advantages, task, item } = value;
  return (
    isCount(group) &&
    Array.isArray(promptTokens) &&
    promptTokens.every(isCount) &&
    [tokens, logProbs, advantages].every(isTable) &&
    (task === undefined || isTask(task)) &&
    (item === undefined || isItem(item))
  );
}

function isTask(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { description, signature, entry, reference, visibleTests, hiddenTests } = value;
  const isTests = (tests: unknown) =>
    Array.isArray(tests) &&
    tests.every((test) => isObject(test) && Array.isArray(test.input) && 'expected' in test);
  return (
    isTexts([description, signature, entry]) &&
    (reference === undefined || typeof reference === 'string') &&
    isTests(visibleTests) &&
    isTests(hiddenTests)
  );
}

function isItem(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { program, inputs, truth } = value;
  return (
    typeof program === 'string' &&
    Array.isArray(inputs) &&
    Array.isArray(truth) &&
    truth.every((pair) => Array.isArray(pair) && typeof pair[0] === 'string')
  );
}

function readUpdated(bytes: Uint8Array | undefined): UpdatedGroup[] {
  if (!bytes) return [];
  return readLines(bytes, UPDATED).map((line, i) => {
    const { step, group, answer } = isObject(line) ? line : ({} as Json);
    const isAnswer = isObject(answer) && isCount(answer.step) && isTable(answer.logProbs);
    if (!isCount(step) || !isCount(group) || !isAnswer) {
      throw wrong(UPDATED, i + 1, 'a step, a group and an answer');
    }
    return { step, group, answer: answer as unknown as LogProbsAnswer };
  });
}
