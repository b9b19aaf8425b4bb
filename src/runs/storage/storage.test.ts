import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkpointSteps, latestCheckpoint, pruneCheckpoints, writeCheckpoint } from './checkpoints.ts';
import type { Directory } from './directory.ts';
import { MemoryDirectory } from './memory.ts';
import { NodeDirectory } from './node.ts';
import { readFiles } from './runs.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array | undefined) => content && new TextDecoder().decode(content);

let place: string;
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
});
afterEach(() => rmSync(place, { recursive: true }));

const KINDS: [string, () => Directory][] = [
  ['memory', () => new MemoryDirectory()],
  ['node', () => new NodeDirectory(path.join(place, 'new'))],
];

describe.each(KINDS)('a directory (%s)', (_, create) => {
  test('writes whole files, appends, cuts, lists and removes', async () => {
    const directory = create();
    expect(await directory.files()).toEqual([]);
    expect(await directory.read('a')).toBeUndefined();
    await directory.write('a', bytes('first'));
    await directory.write('a', bytes('2nd'));
    expect(text(await directory.read('a'))).toBe('2nd');
    await directory.writeAt('lines', bytes('one\ntwo\nthr'), 0);
    await directory.writeAt('lines', bytes('three\n'), 8);
    await directory.flush('lines');
    expect(text(await directory.read('lines'))).toBe('one\ntwo\nthree\n');
    await directory.writeAt('lines', new Uint8Array(), 4);
    expect(await directory.size('lines')).toBe(4);
    await expect(directory.writeAt('lines', bytes('x'), 5)).rejects.toThrow(/ends at byte 4, before 5/);
    await directory.directory('b').directory('c').write('d', bytes('deep'));
    expect([await directory.files(), await directory.directories()]).toEqual([['a', 'lines'], ['b']]);
    expect(Object.keys(await readFiles(directory))).toEqual(['a', 'lines', 'b/c/d']);
    expect(Object.keys(await readFiles(directory, ['b']))).toEqual(['a', 'lines']);
    await directory.remove('b');
    await directory.remove('none');
    expect(await directory.directories()).toEqual([]);
  });

  test('takes plain names alone', async () => {
    for (const name of ['../x', 'a/b', '', '..', 'a\0']) {
      await expect(create().write(name, bytes(''))).rejects.toThrow(/no plain file name/);
    }
  });

  test('the latest whole checkpoint is used, and what is wrong with others is said', async () => {
    const run = create();
    await run.writeAt('metrics.jsonl', bytes('1\n2\n3\n'), 0);
    for (const step of [1, 2, 3]) {
      const marks = { 'metrics.jsonl': 2 * step };
      await writeCheckpoint(run, { step, files: { state: bytes(`state ${step}`) }, marks });
    }
    const told: string[] = [];
    const latest = () => latestCheckpoint(run, (message) => told.push(message));
    expect(await latest()).toMatchObject({ step: 3, marks: { 'metrics.jsonl': 6 } });
    const third = run.directory('checkpoints').directory('step-00000003');
    await third.write('state', bytes('state X'));
    expect((await latest())?.step).toBe(2);
    await third.write('state', bytes('st'));
    expect((await latest())?.step).toBe(2);
    await third.remove('manifest.json');
    expect((await latest())?.step).toBe(2);
    await run.writeAt('metrics.jsonl', new Uint8Array(), 3);
    expect((await latest())?.step).toBe(1);
    expect(told.slice(0, 3)).toEqual([
      expect.stringContaining('step 3: state does not have the digest'),
      expect.stringContaining('step 3: state has 2 bytes, its manifest says 7'),
      expect.stringContaining('step 3: manifest.json is missing'),
    ]);
    expect(told.at(-1)).toContain('metrics.jsonl has 3 bytes, the checkpoint came after 4');
    await pruneCheckpoints(run, 2);
    expect(await checkpointSteps(run)).toEqual([3, 2]);
  });
});
