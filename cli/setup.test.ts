import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkNode, newestChange, packageToInstall } from './setup.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it('refuses an old Node', () => {
  for (const version of ['18.19.1', '20.18.3', '21.7.0', '22.11.0']) {
    expect(() => checkNode(version)).toThrow(
      `Tracewright needs Node 20.19, 22.12 or newer, this is ${version}`,
    );
  }
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '23.1.0', '100.0.0']) checkNode(version);
});

describe('packageToInstall', () => {
  const write = (file: string, packages: object) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), JSON.stringify({ packages }));
  };

  it('asks for everything in a fresh clone', () => {
    write('package-lock.json', {});
    expect(packageToInstall(root)).toBe('node_modules');
  });

  it('compares versions, and lets other systems be', () => {
    const wanted = { '': {}, a: { version: '1.0.0' }, b: { version: '2.0.0', optional: true } };
    write('package-lock.json', wanted);
    write('node_modules/.package-lock.json', { a: { version: '1.0.0' } });
    expect(packageToInstall(root)).toBe(undefined);
    write('node_modules/.package-lock.json', { a: { version: '0.9.0' } });
    expect(packageToInstall(root)).toBe('a');
    write('node_modules/.package-lock.json', { b: { version: '2.0.0' } });
    expect(packageToInstall(root)).toBe('a');
  });
});

it('finds the newest change in a directory', () => {
  mkdirSync(path.join(root, 'a'));
  writeFileSync(path.join(root, 'a', 'file'), '');
  const soon = Date.now() / 1000 + 100;
  utimesSync(path.join(root, 'a', 'file'), soon, soon);
  expect(newestChange(root)).toBeCloseTo(soon * 1000, -1);
  expect(newestChange(path.join(root, 'none'))).toBe(0);
});
