/**
 * Workers and devices that are lost under the page: it says so, goes on where it can, and the rest of it works.
 * That nothing of a run is lost is tested in `faults.spec.ts`.
 */
import type { Page, Worker } from '@playwright/test';
import { expect, test } from './fixtures.ts';

/** The real trainer on small batches, with a checkpoint after every step. */
const QUERY =
  '?v=1&method=grpo&steps=4000&train_batch_size=4&rollout.n=2&rollout.max_new_tokens=32&eval_every=0&eval_final_tasks=5&checkpoint_every=1&seed=2';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const stepsDone = async (page: Page) =>
  Number(await page.getByRole('progressbar', { name: 'Steps done' }).getAttribute('value'));

/** The newest worker of a kind, once there is one. */
async function workerOf(page: Page, kind: 'trainer' | 'sandbox' | 'writer'): Promise<Worker> {
  const find = () => page.workers().findLast((worker) => worker.url().includes(`/assets/${kind}-`));
  await expect.poll(find).toBeDefined();
  return find()!;
}

/** What a page must still do when a part of it was lost: steer what is drawn, and open another answer. */
async function useTheRest(page: Page): Promise<void> {
  await page.getByLabel('across').selectOption('tokens');
  await expect(page.getByRole('img', { name: /^reward by tokens trained on/ })).toBeVisible();
  const second = page.getByRole('article').nth(1);
  await second.getByRole('button', { name: /^Open/ }).click();
  await expect(second.getByRole('button', { name: 'Opened' })).toBeVisible();
}

for (const [title, device, fault, words] of [
  [
    'a lost GPU device',
    'webgpu',
    () => {
      const { createCommandEncoder } = GPUDevice.prototype;
      GPUDevice.prototype.createCommandEncoder = function (...args) {
        this.destroy();
        return createCommandEncoder.apply(this, args);
      };
    },
    /^WebGPU: the device was lost .* going on from step \d+ with a new one, by itself/,
  ],
  [
    'a trainer worker that ends',
    'wasm',
    () => self.close(),
    /^The trainer worker ended; going on from step \d+ with a new one, by itself/,
  ],
] as const) {
  test(`${title} is said, the page works, and the run goes on`, async ({ page, site }) => {
    test.setTimeout(180_000);
    await page.goto(`${site}${QUERY}&device=${device}`);
    await button(page, 'Train').click();
    await expect.poll(() => stepsDone(page), { timeout: 90_000 }).toBeGreaterThan(2);
    await (await workerOf(page, 'trainer')).evaluate(fault);
    const notice = page.getByRole('alert').getByRole('paragraph').filter({ hasText: words });
    await expect(notice).toBeVisible({ timeout: 30_000 });
    const lostAt = await stepsDone(page);
    await useTheRest(page);
    await expect.poll(() => stepsDone(page), { timeout: 90_000 }).toBeGreaterThan(lostAt + 1);
    await notice.getByRole('button', { name: 'Dismiss' }).click();
    await button(page, 'Stop').click();
    await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/, { timeout: 60_000 });
    await expect(page.getByText(/^Warnings of this run \(\d+\)$/)).toBeVisible();
  });
}

test('a sandbox worker of the page that crashes is replaced', async ({ page, site }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${site}?v=1&view.step=40&hide=try`);
  const program = page.getByRole('region', { name: /^Inside answer/ });
  await expect(program.getByRole('button', { name: 'Forward' })).toBeEnabled();
  const crashed = await workerOf(page, 'sandbox');
  const gone = crashed.waitForEvent('close');
  await crashed.evaluate(() => {
    setTimeout(() => {
      throw new Error('the test says crash');
    });
  });
  await gone;
  await program.getByRole('radio').last().check();
  await expect(program.getByRole('button', { name: 'Forward' })).toBeEnabled();
  expect(await workerOf(page, 'sandbox')).not.toBe(crashed);
});

test.describe('without the network', () => {
  test.use({ expectedErrors: [/^Failed to load resource: net::ERR_FAILED$/] });

  test('a sandbox that cannot be fetched is said, and comes when it can', async ({ page, site }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.route('**/quickjs-*.wasm', (route) => route.abort());
    await page.goto(`${site}?v=1&view.step=40&hide=try`);
    const program = page.getByRole('region', { name: /^Inside answer/ });
    await expect(program.getByRole('alert')).toHaveText(
      /^The sandbox could not run this: .* Choose another test/,
    );
    await useTheRest(page);
    await page.unroute('**/quickjs-*.wasm');
    await program.getByRole('radio').last().check();
    await expect(program.getByRole('button', { name: 'Forward' })).toBeEnabled();
  });
});

test('a writer worker that ends is said, and another one writes', async ({ page, site }) => {
  await page.goto(`${site}?v=1`);
  const trying = page.getByRole('region', { name: 'Try the policy' });
  const write = trying.getByRole('button', { name: 'Write a program' });
  const end = trying.getByRole('button', { name: 'end', exact: true });
  await write.click();
  await expect(end).toBeVisible({ timeout: 60_000 });
  await (await workerOf(page, 'writer')).evaluate(() => self.close());
  await expect(async () => {
    await write.click();
    await expect(trying.getByRole('alert')).toHaveText(/^The worker that writes has ended\. Press/);
  }).toPass();
  await write.click();
  await expect(end).toBeVisible({ timeout: 60_000 });
});

test.describe('with a trainer that crashes each time', () => {
  test.use({ expectedErrors: [/the script says crash/] });

  test('a run is given up, in words, and another one trains', async ({ page, scriptedSite }) => {
    await page.goto(`${scriptedSite}?v=1&method=grpo&seed=14`);
    await button(page, 'Train').click();
    await expect(page.locator('.notice.error')).toHaveText(
      /^The run failed: .*the script says crash.*3 times in a row.*press Train again/,
      { timeout: 30_000 },
    );
    await page.locator('#option-seed').fill('1');
    await page.locator('#option-seed').press('Tab');
    await button(page, 'Train').click();
    await expect.poll(() => stepsDone(page)).toBeGreaterThan(3);
    await button(page, 'Stop').click();
    await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/);
  });
});
