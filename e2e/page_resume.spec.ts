import { expect, test } from './fixtures.ts';

// The real trainer on small batches: about ten steps a second, with a checkpoint after every second one.
const QUERY =
  '?v=1&steps=400&train_batch_size=4&rollout.n=2&eval_every=0&eval_final_tasks=5&checkpoint_every=2&device=wasm&seed=2';

test('a reload in the middle of a run costs the steps since its checkpoint, and it goes on', async ({
  page,
  site,
}) => {
  const progress = page.getByRole('progressbar', { name: 'Steps done' });
  const stepsDone = async () => Number(await progress.getAttribute('value'));
  const metrics = page.getByRole('img', { name: /^reward by step/ });
  await page.goto(site + QUERY);
  await page.getByRole('button', { name: 'Train' }).click();
  await expect.poll(stepsDone, { timeout: 60_000 }).toBeGreaterThan(5);
  const before = await stepsDone();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible({ timeout: 30_000 });
  await expect.poll(stepsDone, { timeout: 60_000 }).toBeGreaterThan(before + 2);
  await expect(metrics).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/, { timeout: 60_000 });
  // One run, whole: its first steps are still there.
  const runs = page.getByRole('region', { name: 'Runs', exact: true });
  await expect(runs.getByRole('row')).toHaveCount(3);
  const slider = page.getByRole('region', { name: 'One group of answers' }).getByRole('slider');
  await slider.focus();
  await slider.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', 'step 1');
  await expect(page.getByRole('article')).toHaveCount(2);
});
