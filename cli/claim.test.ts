import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { claim, numberSpace, startOf } from './claim.ts';

vi.mock('node:fs', { spy: true });
const actual = await vi.importActual<typeof import('node:fs')>('node:fs');

let place: string;
const file = () => path.join(place, 'claim');
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
});
afterEach(() => {
  vi.mocked(readFileSync).mockRestore();
  rmSync(place, { recursive: true });
});

test('one has it until it lets go', () => {
  const release = claim(file());
  expect(release).toBeDefined();
  expect(claim(file())).toBeUndefined();
  release!();
  expect(claim(file())).toBeDefined();
});

test('a process that is gone has it no more', () => {
  writeFileSync(file(), `999999999 ${numberSpace()} - x`);
  expect(claim(file())).toBeDefined();
  expect(readFileSync(file(), 'utf8')).toContain(`${process.pid} ${numberSpace()} `);
});

test('a process number that is ours now was not ours then', () => {
  writeFileSync(file(), `${process.pid} ${numberSpace()} - x`);
  expect(claim(file())).toBeDefined();
});

test('a process that is there has it, and another that came to its number has not', () => {
  writeFileSync(file(), `${process.ppid} ${numberSpace()} ${startOf(process.ppid)} x`);
  expect(claim(file())).toBeUndefined();
  writeFileSync(file(), `${process.ppid} ${numberSpace()} another-start x`);
  expect(claim(file())).toBeDefined();
});

test.skipIf(process.platform !== 'linux')('a killed process is gone before its parent notices', async () => {
  // The shell becomes a program that never asks after the child that it had as a shell.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  try {
    writeFileSync(file(), `${pid} ${numberSpace()} ${startOf(pid)} x`);
    expect(claim(file())).toBeUndefined();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
    expect(claim(file())).toBeDefined();
  } finally {
    parent.kill('SIGKILL');
  }
});

test.skipIf(process.platform !== 'linux')('a process that we may not look at is there all the same', () => {
  writeFileSync(file(), `${process.ppid} ${numberSpace()} some-start x`);
  vi.mocked(readFileSync).mockImplementation(((place: string, ...rest: []) => {
    if (place === `/proc/${process.ppid}/stat`) throw Object.assign(new Error(place), { code: 'ENOENT' });
    return actual.readFileSync(place, ...rest);
  }) as typeof readFileSync);
  expect(claim(file())).toBeUndefined();
});

test.each([
  ['another machine', 'elsewhere'],
  ['another container, though its host has the same name', hostname()],
  ['another container of this machine', `${numberSpace()}0`],
])('%s has it for as long as it gives signs of life', (_, space) => {
  writeFileSync(file(), `999999999 ${space} - x`);
  expect(claim(file())).toBeUndefined();
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(file(), longAgo, longAgo);
  expect(claim(file())).toBeDefined();
});
