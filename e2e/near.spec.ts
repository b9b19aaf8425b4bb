import { expect, test } from './fixtures.ts';

// The real trainer on a small batch: two steps, so that the second one asks alignment questions.
const QUERY =
  '?v=1&steps=50&train_batch_size=16&rollout.n=4&eval_every=0&eval_final_tasks=5&device=wasm&seed=2';

test('a trace is stepped, an alignment answer read, the policy tried', async ({ page, site }) => {
  test.setTimeout(120_000);
  await page.goto(site + QUERY);
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await button('Train').click();
  const progress = page.getByRole('progressbar', { name: 'Steps done' });
  await expect
    .poll(async () => Number(await progress.getAttribute('value')), { timeout: 60_000 })
    .toBeGreaterThan(1);
  await button('Pause').click();

  const program = page.getByRole('region', { name: /^Inside answer/ });
  const slider = program.getByRole('slider');
  await expect(program.getByRole('button', { name: 'Forward' })).toBeEnabled();
  await program.getByRole('button', { name: 'Last', exact: true }).click();
  await expect(
    program.getByText(/^(returns|runtime error|timeout|out of memory|syntax error)/).first(),
  ).toBeVisible();
  const length = Number(await slider.getAttribute('max'));
  expect(length).toBeGreaterThan(0);
  await expect(slider).toHaveValue(String(length));
  await program.getByRole('button', { name: 'First', exact: true }).click();
  await program.getByRole('button', { name: 'Forward' }).click();
  await expect(slider).toHaveValue('1');
  expect(new URL(page.url()).searchParams.get('view.trace')).toBe('1');
  await slider.press('ArrowRight');
  await expect(slider).toHaveValue('2');
  await expect(program.locator('[aria-current=step]').first()).toBeVisible();
  await expect(program.getByRole('row', { name: /changed/ }).first()).toBeVisible();

  const alignment = page.getByRole('region', { name: 'The alignment question' });
  const answers = alignment.getByRole('region', { name: 'answers, cell by cell' });
  await expect(answers.getByRole('columnheader', { name: /^answer/ })).toHaveCount(4);
  await expect(answers.getByRole('row', { name: /^what it returns/ })).toHaveText(/right|wrong|no value/);
  await expect(alignment.getByRole('listitem').filter({ hasText: 'programs sampled' })).toHaveText(/\d+/);
  await alignment.getByRole('button', { name: 'Next question' }).click();
  await expect(alignment.getByText(/^2 of \d+$/)).toBeVisible();

  const trying = page.getByRole('region', { name: 'Try the policy' });
  await expect(trying.getByText('The policy in training answers')).toBeVisible();
  await trying.getByRole('button', { name: 'Write a program' }).click();
  await expect(trying.getByRole('button', { name: 'end', exact: true })).toBeVisible({
    timeout: 30_000,
  });
  const likely = trying.getByRole('table', { name: /what else could have stood there/ });
  await expect(likely.getByRole('row')).toHaveCount(5);
  await trying.getByRole('button', { name: /^Run on its \d+ tests$/ }).click();
  await expect(trying.getByRole('status')).toHaveText(/\d+ of \d+ tests passed$/);

  await button('Stop').click();
  await expect(trying.getByText(/^The policy that “.+” has trained answers\.$/)).toBeVisible({
    timeout: 30_000,
  });
  await trying.getByRole('button', { name: 'Write a program' }).click();
  await expect.poll(() => page.workers().some((worker) => worker.url().includes('/writer-'))).toBe(true);
  await expect(trying.getByRole('button', { name: 'end', exact: true })).toBeVisible({ timeout: 60_000 });
});

test('without a run the base policy answers, and a program changed by hand is run', async ({
  page,
  site,
}) => {
  test.setTimeout(90_000);
  await page.goto(site);
  const trying = page.getByRole('region', { name: 'Try the policy' });
  await trying.getByRole('button', { name: 'Write a program' }).click();
  await expect(trying.getByRole('button', { name: 'end', exact: true })).toBeVisible({ timeout: 60_000 });
  await trying.getByLabel('task').selectOption({ label: 'my own words' });
  const editor = trying.getByRole('textbox', { name: 'the program, to edit' });
  await editor.fill('function f(a) {\n  let s = 0;\n  for (let x of a) s += x;\n  return s;\n}');
  await trying.getByLabel('arguments, as in JavaScript').fill('[3, -4, 5]');
  await trying.getByRole('button', { name: 'Run', exact: true }).click();
  await trying.getByRole('button', { name: 'Last', exact: true }).click();
  await expect(trying.getByText('returns 4')).toBeVisible();
  await trying.getByLabel('arguments, as in JavaScript').fill('[3, -4');
  await trying.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(trying.getByRole('alert')).toHaveText(/^These are no arguments: \[3, -4/);
});
