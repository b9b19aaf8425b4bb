import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claim } from './claim.ts';
import { outputDirectory } from './inputs.ts';

let place: string;
const choose = () => outputDirectory({ out: place }, 'grpo');
const leave = (...names: string[]) => {
  for (const name of names) {
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    writeFileSync(path.join(place, name), 'x');
  }
};
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
});
afterEach(() => rmSync(place, { recursive: true }));

describe('where a run was killed before its first checkpoint', () => {
  test.each([
    ['in the middle of its first file', ['.config.json.123']],
    ['before its tasks were there', ['config.json', '.tasks.jsonl.123']],
    [
      'in the middle of the checkpoint',
      ['config.json', 'tasks.jsonl', 'checkpoints/step-00000000/.model.safetensors.123'],
    ],
  ])('%s, it may be started again', (_, names) => {
    leave(...names);
    expect(choose()).toBe(place);
    expect(readdirSync(place)).toEqual([]);
  });

  test('its lock does not outlive it', () => {
    leave('config.json', '.lock');
    utimesSync(path.join(place, '.lock'), 0, 0);
    expect(choose()).toBe(place);
  });

  test('not while it is beginning', () => {
    leave('config.json');
    const release = claim(path.join(place, '.lock'))!;
    expect(choose).toThrow(/nothing is overwritten/);
    release();
    expect(choose()).toBe(place);
  });
});

test.each([
  ['a run with a checkpoint', ['config.json', 'checkpoints/step-00000000/manifest.json'], /--resume/],
  ['an evaluation', ['config.json', 'evaluation.json'], /nothing is overwritten/],
  ['something else', ['config.json', '.git/HEAD'], /nothing is overwritten/],
])('%s is not overwritten', (_, names, message) => {
  leave(...names);
  expect(choose).toThrow(message);
  for (const name of names) expect(existsSync(path.join(place, name))).toBe(true);
});
