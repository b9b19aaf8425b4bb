import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claim, startOf } from './claim.ts';

let place: string;
const file = () => path.join(place, 'claim');
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
});
afterEach(() => rmSync(place, { recursive: true }));

test('one has it until it lets go', () => {
  const release = claim(file());
  expect(release).toBeDefined();
  expect(claim(file())).toBeUndefined();
  release!();
  expect(claim(file())).toBeDefined();
});

test('a process that is gone has it no more', () => {
  writeFileSync(file(), `999999999 ${hostname()} - x`);
  expect(claim(file())).toBeDefined();
  expect(readFileSync(file(), 'utf8')).toMatch(new RegExp(`^${process.pid} ${hostname()} `));
});

test('a process number that is ours now was not ours then', () => {
  writeFileSync(file(), `${process.pid} ${hostname()} - x`);
  expect(claim(file())).toBeDefined();
});

test('a process that is there has it, and another that came to its number has not', () => {
  writeFileSync(file(), `${process.ppid} ${hostname()} ${startOf(process.ppid)} x`);
  expect(claim(file())).toBeUndefined();
  writeFileSync(file(), `${process.ppid} ${hostname()} another-start x`);
  expect(claim(file())).toBeDefined();
});

test.skipIf(process.platform !== 'linux')('a killed process is gone before its parent notices', async () => {
  // The shell becomes a program that never asks after the child that it had as a shell.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  try {
    writeFileSync(file(), `${pid} ${hostname()} ${startOf(pid)} x`);
    expect(claim(file())).toBeUndefined();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
    expect(claim(file())).toBeDefined();
  } finally {
    parent.kill('SIGKILL');
  }
});

test('another machine has it for as long as it gives signs of life', () => {
  writeFileSync(file(), '1 elsewhere - x');
  expect(claim(file())).toBeUndefined();
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(file(), longAgo, longAgo);
  expect(claim(file())).toBeDefined();
});
