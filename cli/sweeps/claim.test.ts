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
  const release = claim(place);
  expect(release).toBeDefined();
  expect(claim(place)).toBeUndefined();
  release!();
  expect(claim(place)).toBeDefined();
});

test('a process that is gone has it no more', () => {
  writeFileSync(file(), `${hostname()} 999999999 x`);
  expect(claim(place)).toBeDefined();
  expect(readFileSync(file(), 'utf8')).toContain(`${hostname()} ${process.pid} `);
});

test('a process number that is ours now was not ours then', () => {
  writeFileSync(file(), `${hostname()} ${process.pid} of-a-container-before-this-one`);
  expect(claim(place)).toBeDefined();
});

test('another machine has it for as long as it gives signs of life', () => {
  writeFileSync(file(), 'elsewhere 1 x');
  expect(claim(place)).toBeUndefined();
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(file(), longAgo, longAgo);
  expect(claim(place)).toBeDefined();
});
