import { defaultConfig } from '../src/runs/options.ts';
import { expect, test } from './fixtures.ts';

const QUERY = '?method=sft&steps=200&rollout.n=4&eval_every=1';

test('a run starts, pauses, steps, resumes, stops, and shows what it does', async ({
  page,
  scriptedSite,
}) => {
  await page.goto(scriptedSite + QUERY);
  const status = page.getByRole('status');
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await expect(page.getByLabel('steps', { exact: false }).first()).toHaveValue('200');
  await expect(button('Pause')).toBeDisabled();
  await button('Start').click();
  await expect(page.getByText('wasm: scripted engine')).toBeVisible();
  await expect(button('Start')).toBeDisabled();
  await expect(page.getByRole('combobox', { name: 'method' })).toBeDisabled();
  await expect(page.locator('tbody tr')).toHaveCount(4);
  await expect(page.locator('tbody .verdict-pass')).toHaveText('pass');

  await button('Pause').click();
  const progress = page.locator('progress');
  const settled = async () => {
    let last = -1;
    await expect(async () => {
      const now = Number(await progress.getAttribute('value'));
      const same = now === last;
      last = now;
      expect(same).toBe(true);
    }).toPass({ intervals: [300] });
    return last;
  };
  const paused = await settled();
  await button('Step').click();
  expect(await settled()).toBe(paused + 1);
  await button('Resume').click();
  await expect.poll(async () => Number(await progress.getAttribute('value'))).toBeGreaterThan(paused + 2);

  await button('Stop').click();
  await expect(status).toHaveText(/^Stopped after \d+ steps\.$/);
  await expect(button('Start')).toBeEnabled();
  await expect(page.getByRole('img', { name: /reward 0\.3\d+ at step/ })).toBeVisible();
  await expect(page.locator('[role=alert]')).toHaveText('');
});

test('the configuration lives in the address', async ({ page, scriptedSite }) => {
  await page.goto(`${scriptedSite}?sedd=1&steps=7`);
  await expect(page.getByRole('alert')).toHaveText(/unknown key "sedd", did you mean "seed"\?/);
  const seed = page.locator('input[name=seed]');
  await seed.fill('3');
  await seed.press('Tab');
  await expect(page).toHaveURL(/\?steps=7&seed=3$/);
  await seed.fill('-3');
  await seed.press('Tab');
  await expect(
    page.getByText('seed: expected an integer from 0 to 1000000000, got -3; the nearest is 0'),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByRole('alert')).toHaveText(/seed: expected an integer/);
  await page.reload();
  await expect(page.locator('input[name=seed]')).toHaveValue('3');
  await expect(page.locator('input[name=steps]')).toHaveValue('7');
});

test('another method brings its own defaults, and what was changed by hand stays', async ({
  page,
  scriptedSite,
}) => {
  const { steps, lr } = defaultConfig('sft');
  await page.goto(`${scriptedSite}?lr=0.5`);
  await page.getByRole('combobox', { name: 'method' }).selectOption('sft');
  await expect(page.locator('input[name=steps]')).toHaveValue(String(steps));
  await expect(page.locator('input[name=lr]')).toHaveValue('0.5');
  await expect(page).toHaveURL(/\?method=sft&lr=0\.5$/);
  expect(lr).not.toBe(0.5);
});

test('a phone can show the page without scrolling sideways', async ({ page, scriptedSite }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(scriptedSite + QUERY);
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(4);
  await page.getByText('All options').click();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});

test('the page is isolated from other origins', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});
