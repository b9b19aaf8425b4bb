import type { Page } from '@playwright/test';
import type { Sampled, SampleOptions } from '../src/policy/sampler.ts';
import { expect, test } from './fixtures.ts';
import type { ProgramName } from './rollout.ts';

declare global {
  interface Window {
    rollouts(
      backend: 'wasm' | 'webgpu',
      prompts: number[][],
      options: SampleOptions,
    ): Promise<{ groups: Sampled[][]; dispatches: number }>;
    program(
      name: ProgramName | 'measured',
      prompts: number[][],
      options: SampleOptions,
    ): Promise<Sampled[][]>;
    recomputed(prompts: number[][], groups: Sampled[][]): Promise<number[]>;
    memory(prompts: number[][], options: SampleOptions, calls: number): Promise<number[]>;
    losing(prompts: number[][], options: SampleOptions): Promise<string>;
    philox(): Promise<{ shader: number[]; script: number[] }>;
  }
}

const usual = { n: 3, maxNewTokens: 20, temperature: 1, topP: 1, eosId: 1, seed: 5, stream: 2 };
const unequal = [[3, 4, 5], [6], [7, 8, 9, 10, 11, 12, 13], [14, 15, 16], [...Array(23).keys()]];

/** What is asked: prompts, and what differs from the usual options. */
const CASES: Record<string, [number[][], Partial<SampleOptions>]> = {
  'prompts of unequal length': [unequal, {}],
  'one row, one token': [[[9, 8]], { n: 1, maxNewTokens: 1 }],
  'a prompt of one token': [[[6]], { n: 1 }],
  'one completion a prompt': [unequal, { n: 1 }],
  'up to the last position': [[[...Array(60).keys()].map((i) => i % 50)], { n: 5, maxNewTokens: 4 }],
  'more rows than a workgroup': [unequal, { n: 27, maxNewTokens: 6 }],
  greedy: [unequal, { n: 2, temperature: 0 }],
  'a high temperature': [unequal, { temperature: 1.7 }],
  'top-p': [unequal, { topP: 0.6 }],
  'top-p that keeps one token': [unequal, { topP: 0.01 }],
};

const run = (page: Page, backend: 'wasm' | 'webgpu', prompts: number[][], options: SampleOptions) =>
  page.evaluate(([b, p, o]) => window.rollouts(b, p, o), [backend, prompts, options] as const);

test.beforeEach(async ({ page, modules }) => {
  await page.goto(`${modules}e2e/rollout.html`);
  await page.waitForFunction(() => typeof window.rollouts === 'function');
});

test('rollouts on WebGPU draw what the lock-step sampler draws', async ({ page }) => {
  const wanted = new Map<string, Sampled[][]>();
  for (const [name, [prompts, changes]] of Object.entries(CASES)) {
    wanted.set(name, (await run(page, 'wasm', prompts, { ...usual, ...changes })).groups);
  }
  for (const [name, [prompts, changes]] of Object.entries(CASES)) {
    const { groups } = await run(page, 'webgpu', prompts, { ...usual, ...changes });
    const reference = wanted.get(name)!.flat();
    expect(
      groups.flat().map(({ tokens, terminated }) => [tokens, terminated]),
      name,
    ).toEqual(reference.map(({ tokens, terminated }) => [tokens, terminated]));
    groups.flat().forEach(({ logProbs }, i) => {
      logProbs.forEach((x, j) => {
        expect(Math.abs(x - reference[i].logProbs[j]), name).toBeLessThan(1e-4);
      });
    });
  }
  // Answers of both kinds were seen: ended by the end token, at once and later, and by the limit.
  const all = wanted.get('more rows than a workgroup')!.flat();
  expect(all.some(({ tokens, terminated }) => terminated && tokens.length > 1)).toBe(true);
  expect(all.some(({ terminated }) => !terminated)).toBe(true);
});

test('rows that end at once, the same bits again, and what the trainer computes for them', async ({
  page,
}) => {
  const options = { ...usual, n: 6 };
  const first = await run(page, 'webgpu', unequal, options);
  expect((await run(page, 'webgpu', unequal, options)).groups).toEqual(first.groups);
  const trained = await page.evaluate(([p, g]) => window.recomputed(p, g), [unequal, first.groups] as const);
  const sampled = first.groups.flat().flatMap(({ logProbs }) => logProbs);
  expect(sampled.length).toBe(trained.length);
  sampled.forEach((x, i) => {
    expect(Math.abs(x - trained[i])).toBeLessThan(1e-4);
  });
  // The first token of some row, taken for the end token, ends that row and no other bit changes.
  const eosId = first.groups[2][0].tokens[0];
  const ended = await run(page, 'webgpu', unequal, { ...options, eosId });
  expect(ended.groups[2][0]).toEqual({
    tokens: [eosId],
    logProbs: [first.groups[2][0].logProbs[0]],
    terminated: true,
  });
});

test('every program draws the same, and its bits do not depend on how many rows share it', async ({
  page,
}) => {
  const options = { ...usual, topP: 0.9, maxNewTokens: 5 };
  const { groups } = await run(page, 'wasm', unequal, options);
  await run(page, 'webgpu', [[1]], { ...options, n: 1 });
  const sampled = (name: ProgramName | 'measured') =>
    page.evaluate(([p, x, o]) => window.program(p, x, o), [name, unequal, options] as const);
  const lanes = await sampled('lanes 1');
  const workgroup = await sampled('workgroup 1');
  for (const drawn of [lanes, workgroup]) {
    expect(drawn.flat().map(({ tokens }) => tokens)).toEqual(groups.flat().map(({ tokens }) => tokens));
    drawn.flat().forEach(({ logProbs }, i) => {
      logProbs.forEach((x, j) => {
        expect(Math.abs(x - groups.flat()[i].logProbs[j])).toBeLessThan(1e-4);
      });
    });
  }
  for (const name of ['lanes 4', 'lanes 1 without subgroups'] as const) {
    expect(await sampled(name), name).toEqual(lanes);
  }
  for (const name of ['workgroup 2', 'workgroup 4', 'measured'] as const) {
    expect(await sampled(name), name).toEqual(workgroup);
  }
});

test('few dispatches a token, and flat memory', async ({ page }) => {
  const options = { ...usual, eosId: 99, maxNewTokens: 24 };
  const prompts = Array.from({ length: 32 }, (_, i) => [...Array(4 + (i % 9)).keys()].map((j) => i + j));
  const { groups, dispatches } = await run(page, 'webgpu', prompts, { ...options, n: 8 });
  expect(groups.flat().every(({ tokens }) => tokens.length === 24)).toBe(true);
  test
    .info()
    .annotations.push({ type: 'dispatches', description: `${dispatches} for 24 tokens of 256 rows` });
  expect(dispatches).toBeLessThanOrEqual(2 * 24);
  const bytes = await page.evaluate(([p, o]) => window.memory(p, o, 24), [
    unequal,
    { ...options, maxNewTokens: 3 },
  ] as const);
  expect(new Set(bytes.slice(12)).size, `bytes after each call: ${bytes}`).toBe(1);
});

test('random numbers in WGSL are those in TypeScript; a device lost while sampling is said so', async ({
  page,
}) => {
  await run(page, 'webgpu', [[1]], { ...usual, n: 1, maxNewTokens: 1 });
  const { shader, script } = await page.evaluate(() => window.philox());
  expect(shader).toEqual(script);
  expect(await page.evaluate(([p, o]) => window.losing(p, o), [unequal, usual] as const)).toBe(
    'DeviceLostError',
  );
});
