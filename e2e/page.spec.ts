import { expect, test } from './fixtures.ts';

const QUERY = '?method=sft&steps=200&rollout.n=4&eval_every=1';

test('a run starts, pauses and stops', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite + QUERY);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await expect(button('Pause')).toBeDisabled();
  await button('Start').click();
  await expect(page.getByText('wasm: scripted engine')).toBeVisible();
  await button('Pause').click();
  await button('Step').click();
  await button('Stop').click();
  await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/);
  await expect(button('Start')).toBeEnabled();
});

test('a wrong address is said, and the page works', async ({ page, scriptedSite }) => {
  await page.goto(`${scriptedSite}?sedd=1&steps=7`);
  await expect(page.getByRole('alert')).toHaveText(/unknown key "sedd", did you mean "seed"\?/);
});

test('the page is isolated from other origins', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});
