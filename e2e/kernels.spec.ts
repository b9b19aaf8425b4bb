import type { Page } from '@playwright/test';
import { relativeError } from '../src/tensor/relative_error.ts';
import { expect, test } from './fixtures.ts';
import type { Kernels } from './kernels.ts';

declare global {
  interface Window {
    kernels: Kernels;
  }
}

/** Steps of the run that watches memory: `TRACEWRIGHT_STEPS=1000 npx playwright test kernels -g memory`. */
const STEPS = Number(process.env.TRACEWRIGHT_STEPS ?? 100);

async function open(page: Page, modules: string): Promise<void> {
  await page.goto(`${modules}e2e/engine.html`);
  await page.waitForFunction(() => window.kernels !== undefined);
}

test('gradients on WebGPU agree with finite differences', async ({ page, modules }) => {
  await open(page, modules);
  for (const { name, error } of await page.evaluate(() => window.kernels.differences())) {
    expect(error, name).toBeLessThan(1);
  }
});

test('every variant of a product gives the same bits, and shared rows the same numbers', async ({
  page,
  modules,
}) => {
  await open(page, modules);
  const { found, chosen } = await page.evaluate(() => window.kernels.variants());
  expect(found).toHaveLength(12);
  expect(chosen).toMatch(/^matmul nn \d+x\d+.*, nt .*, tn .*; \d+ lanes? a row$/);
  expect(found.filter(({ same }) => !same)).toEqual([]);
  const alone = await page.evaluate(() => window.kernels.lanes(1));
  const together = await page.evaluate(() => window.kernels.lanes(4));
  for (const [i, op] of alone.entries()) {
    expect(relativeError(together[i].value, op.value), op.name).toBeLessThan(1e-5);
    op.gradients.forEach((gradient, j) => {
      expect(relativeError(together[i].gradients[j], gradient), op.name).toBeLessThan(1e-5);
    });
  }
});

test('the fused policy losses and their gradients are those of the composition', async ({
  page,
  modules,
}) => {
  await open(page, modules);
  const wasm = await page.evaluate(() => window.kernels.losses('wasm'));
  const webgpu = await page.evaluate(() => window.kernels.losses('webgpu'));
  for (const [i, { name, numbers }] of wasm.entries()) {
    expect(relativeError(webgpu[i].numbers, numbers), name).toBeLessThan(1e-4);
  }
});

test('an update of four layers takes at most 150 dispatches and gives the same bits again', async ({
  page,
  modules,
}) => {
  await open(page, modules);
  const first = await page.evaluate(() => window.kernels.update());
  test.info().annotations.push({ type: 'dispatches', description: JSON.stringify(first.dispatches) });
  expect(first.total).toBeLessThanOrEqual(150);
  const second = await page.evaluate(() => window.kernels.update());
  expect(second).toEqual(first);
});

test('memory stays flat while batches change in size', async ({ page, modules }) => {
  test.setTimeout(60_000 + 2_000 * STEPS);
  await open(page, modules);
  const { bytes, tensors, losses } = await page.evaluate((steps) => window.kernels.train(steps), STEPS);
  // Half way through, nearly every size class has been met.
  expect(bytes.at(-1)).toBeLessThan(1.25 * bytes[4]);
  test.info().annotations.push({ type: 'bytes', description: bytes.join(' ') });
  expect(new Set(tensors).size).toBe(1);
  expect(losses.at(-1)).toBeLessThan(losses[0] / 4);
});

test('a lost device rejects the work under way, and another takes its place', async ({ page, modules }) => {
  await open(page, modules);
  const { name, message, later, sum } = await page.evaluate(() => window.kernels.loss());
  expect(name).toBe('DeviceLostError');
  expect(message).toContain('resume from the last checkpoint');
  expect(later).toBe('DeviceLostError');
  expect(sum).toBe(6);
});
