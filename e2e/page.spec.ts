import { expect, test } from './fixtures.ts';

const QUERY = '?method=sft&steps=200&rollout.n=4&eval_every=1';

test('a run starts, pauses, steps, resumes, stops, and shows what it does', async ({
  page,
  scriptedSite,
}) => {
  await page.goto(scriptedSite + QUERY);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const progress = page.getByRole('progressbar', { name: 'Steps done' });
  await expect(page.getByLabel('steps', { exact: true })).toHaveValue('200');
  await button('Train').click();
  await expect(page.getByText('wasm: scripted engine')).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'method' })).toBeDisabled();
  await expect(page.getByRole('article')).toHaveCount(4);
  await expect(page.getByRole('article').getByText('passes')).toHaveCount(1);

  await button('Pause').click();
  const settled = async () => {
    let last = -1;
    await expect(async () => {
      const now = Number(await progress.getAttribute('value'));
      const same = now === last;
      last = now;
      expect(same).toBe(true);
    }).toPass({ intervals: [400] });
    return last;
  };
  const paused = await settled();
  await button('One update').click();
  expect(await settled()).toBe(paused + 1);
  await button('Resume').click();
  await expect.poll(async () => Number(await progress.getAttribute('value'))).toBeGreaterThan(paused + 2);
  await button('Stop').click();
  await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/);
  await expect(button('Train')).toBeEnabled();
  await expect(page.getByRole('img', { name: /^reward by step\. Newest: .*: 0\.3/ })).toBeVisible();
});

test('a wrong address is said, and the page works', async ({ page, scriptedSite }) => {
  await page.goto(`${scriptedSite}?sedd=1&steps=7`);
  await expect(page.getByRole('alert')).toHaveText(/unknown key "sedd", did you mean "seed"\?/);
});

test('the page is isolated from other origins', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});
