import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claim } from './claim.ts';

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

test('a process of a container before this one is gone, whoever has its number', () => {
  writeFileSync(file(), `${process.ppid} ${hostname()} another-start x`);
  expect(claim(file())).toBeDefined();
});

test('another machine has it for as long as it gives signs of life', () => {
  writeFileSync(file(), '1 elsewhere - x');
  expect(claim(file())).toBeUndefined();
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(file(), longAgo, longAgo);
  expect(claim(file())).toBeDefined();
});
