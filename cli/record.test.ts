import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultConfig, parseJson } from '../src/runs/options.ts';
import { defaultName } from './inputs.ts';
import { RunRecord } from './record.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

it('creates nothing before there is something to keep', () => {
  const directory = path.join(parent, 'a', 'run');
  const record = new RunRecord(directory, defaultConfig());
  record.take({ type: 'device', device: { backend: 'wasm', adapter: 'x', software: false } });
  record.take({ type: 'warning', message: 'x' });
  expect(record.begun).toBe(false);
  expect(existsSync(directory)).toBe(false);
  record.take({ type: 'step', metrics: { step: 1, loss: 0.5 }, totalSteps: 1 });
  expect(readdirSync(directory).sort()).toEqual(['config.json', 'metrics.jsonl']);
  expect(readFileSync(path.join(directory, 'metrics.jsonl'), 'utf8')).toBe('{"step":1,"loss":0.5}\n');
  expect(parseJson(readFileSync(path.join(directory, 'config.json'), 'utf8'))).toEqual(defaultConfig());
});

it('writes policy files as they are, and only inside the policy directory', () => {
  const record = new RunRecord(parent, defaultConfig());
  record.take({ type: 'policy', files: { 'model.safetensors': Uint8Array.of(0, 255, 7) } });
  expect([...readFileSync(path.join(parent, 'policy', 'model.safetensors'))]).toEqual([0, 255, 7]);
  expect(() => record.take({ type: 'policy', files: { '../x': new Uint8Array() } })).toThrow(
    'plain file name',
  );
});

it('names a run by its kind and time', () => {
  expect(defaultName('grpo', new Date(2025, 0, 31, 9, 5, 1))).toBe('grpo-20250131-090501');
});
