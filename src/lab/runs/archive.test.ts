import { readFileSync } from 'node:fs';
import path from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { trim } from '../recorded/trim.ts';
import { labConfigWith } from '../state/config.ts';
import { packEntry, unpackEntry } from './archive.ts';
import { describeDifference, differences } from './diff.ts';

const RECORDING = new Uint8Array(
  readFileSync(path.join(import.meta.dirname, '..', '..', '..', 'public', 'recorded', 'run.zip')),
);

describe('a run as one file', () => {
  const recorded = unpackEntry(RECORDING, 'no name', 'recorded');

  it('holds the recorded run that comes with the page', () => {
    const data = recorded.entry.data.peek();
    expect(RECORDING.length).toBeLessThan(300_000);
    expect(data.metrics).toHaveLength(data.totalSteps);
    expect(data.evaluations.at(-1)?.name).toBe('after');
    expect(recorded.entry.config).toEqual(labConfigWith({}));
    expect(recorded.steps.every(({ details }) => details.length > 0)).toBe(true);
    expect(recorded.updated.length).toBeGreaterThan(0);
  });

  it('comes back the same', async () => {
    const again = unpackEntry(await packEntry(recorded), 'no name', 'recorded');
    expect(again.entry.data.peek()).toEqual(recorded.entry.data.peek());
    expect(again.entry.name.peek()).toBe(recorded.entry.name.peek());
    expect(again.updated).toEqual(recorded.updated);
    const step = recorded.steps[1].step;
    expect(await again.entry.rollouts(step)).toEqual(recorded.steps[1]);
  });

  it('is trimmed to the groups that differ most, and those that were asked for', () => {
    const { steps } = trim(recorded, { every: 40, code: 1, others: 0 });
    expect(steps.map(({ step }) => step).slice(-2)).toEqual([40, 80]);
    expect(new Set(steps.at(-1)!.records.map(({ group }) => group)).size).toBeLessThanOrEqual(2);
  });

  it.each([
    ['page/run.json', '{"name":1}', 'page/run.json line 1: expected name'],
    ['page/run.json', '{', 'page/run.json line 1: expected JSON'],
    [
      'page/groups.jsonl',
      '{"step":1,"details":[{"group":"x"}]}',
      'page/groups.jsonl line 1: expected a step',
    ],
    ['page/updated.jsonl', '{"step":1,"group":0}', 'page/updated.jsonl line 1: expected a step'],
    ['config.json', '{"seed":"x"}', 'seed: expected'],
  ])('is refused with what is wrong: %s %s', (file, text, message) => {
    const files = unzipSync(RECORDING);
    const broken = zipSync({ ...files, [file]: strToU8(text) });
    expect(() => unpackEntry(broken, 'broken', 'own')).toThrow(message);
  });
});

it('says what differs between two runs', () => {
  const found = differences(labConfigWith({}), labConfigWith({ method: 'grpo', lr: 1e-3 }));
  expect(found.map(describeDifference)).toEqual(['method coderl_plus → grpo', 'lr 0.0002 → 0.001']);
});
