import { expect, test } from 'vitest';
import type { Evaluation, RunEvent } from '../events.ts';
import { defaultConfig } from '../options.ts';
import { checkpointSteps } from './checkpoints.ts';
import { MemoryDirectory } from './memory.ts';
import { RunRecord } from './record.ts';
import { listRuns } from './runs.ts';

const config = { ...defaultConfig(), steps: 4, checkpoint_keep: 2 };
const state = new TextEncoder().encode('{"format":1,"evaluations":{"during":[]},"updates":{}}');
const step = (number: number): RunEvent => ({
  type: 'step',
  metrics: { step: number, loss: number / 2 },
  totalSteps: 4,
});
const checkpoint = (number: number, size = 1000): RunEvent => ({
  type: 'checkpoint',
  step: number,
  files: { 'trainer_state.json': state, numbers: new Uint8Array(size) },
});

/** Leaves room for so many bytes. */
async function fill(directory: MemoryDirectory, left: number): Promise<void> {
  directory.quota = 1e9;
  directory.quota = (await directory.room())!.used + left;
}

function recorded() {
  const directory = new MemoryDirectory();
  const told: RunEvent[] = [];
  const record = new RunRecord(directory, { config, tasks: '{}' }, (event) => told.push(event));
  const take = async (...events: RunEvent[]) => {
    for (const event of events) await record.take(event);
  };
  const text = async (name: string) => new TextDecoder().decode(await directory.read(name));
  const warnings = () => told.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { directory, told, record, take, text, warnings };
}

test('creates nothing before there is something to keep', async () => {
  const { directory, record, take, text } = recorded();
  await take({ type: 'device', device: { backend: 'wasm', adapter: 'x', software: false } });
  await take({ type: 'warning', message: 'x' });
  expect([record.begun, await directory.files()]).toEqual([false, []]);
  await take(step(1));
  expect(await directory.files()).toEqual(['config.json', 'metrics.jsonl', 'tasks.jsonl']);
  expect(await text('metrics.jsonl')).toBe('{"step":1,"loss":0.5}\n');
  expect(JSON.parse(await text('config.json'))).toEqual(config);
});

test('goes back to its last checkpoint: what came after it is cut off', async () => {
  const { directory, record, take, text } = recorded();
  await take(checkpoint(0), step(1), step(2), checkpoint(2), step(3), step(4), checkpoint(4));
  await directory.directory('checkpoints').directory('step-00000004').write('numbers', new Uint8Array(3));
  await record.goBack();
  expect(await text('metrics.jsonl')).toBe('{"step":1,"loss":0.5}\n{"step":2,"loss":1}\n');
  expect([record.steps, record.savedStep, await checkpointSteps(directory)]).toEqual([2, 2, [2]]);
  await take(step(3));
  expect(await text('metrics.jsonl')).toContain('{"step":3,"loss":1.5}');
  const again = await RunRecord.open(directory, () => {}, 9);
  expect([again.savedStep, again.start.config.steps, again.start.tasks]).toEqual([2, 9, '{}']);
});

test('keeps as many checkpoints as asked, and says when each is stored', async () => {
  const { directory, told, take } = recorded();
  await take(checkpoint(1), checkpoint(2), checkpoint(3));
  expect(await checkpointSteps(directory)).toEqual([3, 2]);
  expect(told).toEqual([1, 2, 3].map((number) => ({ type: 'saved', step: number })));
});

test('a full storage ends nothing: it is said once, and what waits is written when there is room', async () => {
  const { directory, record, take, text, warnings } = recorded();
  await take(checkpoint(0), step(1));
  await fill(directory, 5);
  await take(step(2), step(3), checkpoint(3, 5000), step(4));
  expect(record.savedStep).toBe(0);
  expect(await checkpointSteps(directory)).toEqual([0]);
  expect(warnings()).toEqual([
    expect.stringMatching(/the run goes on, but not all of it is kept: .*no room.*make room/),
    expect.stringMatching(/the storage is nearly full/),
    expect.stringMatching(/the checkpoint of step 3 could not be stored/),
  ]);
  directory.quota = Number.POSITIVE_INFINITY;
  await take(checkpoint(4), step(5));
  expect((await text('metrics.jsonl')).split('\n')).toHaveLength(6);
  expect([record.savedStep, warnings().at(-1)]).toEqual([4, 'the storage takes again what is written']);
});

test('older checkpoints make room for a new one', async () => {
  const { directory, record, take } = recorded();
  await take(checkpoint(1), checkpoint(2));
  await fill(directory, 500);
  await take(checkpoint(3));
  expect([record.savedStep, await checkpointSteps(directory)]).toEqual([3, [3, 2]]);
});

test('a list of runs says how far each has come', async () => {
  const runs = new MemoryDirectory();
  const evaluation: Evaluation = { step: 0, measures: {}, verdicts: {}, seconds: 1 };
  const record = await RunRecord.begin(runs.directory('first'), { config }, () => {});
  for (const event of [checkpoint(0), { type: 'evaluation', name: 'before', evaluation } as const, step(1)]) {
    await record.take(event);
  }
  await record.take(checkpoint(1));
  await runs.directory('stray').write('x', new Uint8Array(1));
  const [first, ...rest] = await listRuns(runs);
  expect(first).toMatchObject({
    name: 'first',
    savedStep: 1,
    summary: { status: 'running', step: 1, steps: 4 },
  });
  expect(rest).toEqual([]);
  await record.take({ type: 'done', steps: 1, stopped: true });
  expect((await listRuns(runs))[0]?.summary?.status).toBe('stopped');
  await expect(RunRecord.begin(runs.directory('first'), { config }, () => {})).rejects.toThrow(
    /kept there already/,
  );
});
