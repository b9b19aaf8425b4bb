import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base, expect } from '@playwright/test';
import { ROOT } from '../cli/site.ts';
import { examplePolicy } from '../src/runs/export/example_run.ts';

/** Playwright's `test` for commands: `place` names a file or directory of the test's own. */
export const test = base.extend<{ place: (name: string) => string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
  place: async ({}, use) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
    await use((name) => path.join(directory, name));
    rmSync(directory, { recursive: true });
  },
});

export { expect };

/** How a command ended and what it said. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A command under way. */
export interface Running {
  process: ChildProcess;
  /** Resolves when stdout holds the text. */
  said(text: string): Promise<void>;
  ended: Promise<Ended>;
}

/** Shorter than a test may take, so that what was said instead is shown. */
const PATIENCE_MS = 100_000;

/** Starts a command as its npm script does. */
export function start(command: string, args: string[], environment: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [path.join(ROOT, 'cli', 'tracewright.mjs'), command, ...args], {
    cwd: ROOT,
    env: { ...process.env, npm_lifecycle_event: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting: [text: string, resolve: () => void][] = [];
  child.stdout.on('data', (data) => {
    stdout += data;
    for (const [text, resolve] of waiting) if (stdout.includes(text)) resolve();
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return {
    process: child,
    said: (text) =>
      new Promise((resolve, reject) => {
        waiting.push([text, resolve]);
        const fail = (what: string) => reject(new Error(`${what} "${text}":\n${stdout}\n${stderr}`));
        child.on('exit', () => fail('ended before it said'));
        setTimeout(fail, PATIENCE_MS, `did not in ${PATIENCE_MS / 1000} s say`).unref();
        if (stdout.includes(text)) resolve();
      }),
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
  };
}

/** Runs a command to its end, with the scripted trainer unless the environment says otherwise. */
export function run(
  command: string,
  args: string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  return start(command, args, { TRACEWRIGHT_TRAINER: 'e2e/scriptedTrainer.ts', ...environment }).ended;
}

/** Writes a small policy with fresh weights. */
export function writePolicy(directory: string): string {
  mkdirSync(directory, { recursive: true });
  for (const [name, bytes] of Object.entries(examplePolicy()))
    writeFileSync(path.join(directory, name), bytes);
  return directory;
}

/** Writes a file of tasks whose descriptions tell the scripted trainer what to do. */
export function writeTasks(file: string, instruction: string): string {
  const tasks = Array.from({ length: 40 }, (_, i) => ({
    description: `${instruction} and add ${i}`,
    signature: 'function f(x) {',
    tests: [{ input: [1], expected: 1 + i }],
  }));
  writeFileSync(file, tasks.map((task) => `${JSON.stringify(task)}\n`).join(''));
  return file;
}
