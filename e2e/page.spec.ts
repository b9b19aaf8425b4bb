import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';

const QUERY = '?v=1&method=grpo&steps=200&rollout.n=4&eval_every=5';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const progress = (page: Page) => page.getByRole('progressbar', { name: 'Steps done' });
const stepsDone = async (page: Page) => Number(await progress(page).getAttribute('value'));
const answers = (page: Page) =>
  page.getByRole('region', { name: 'One group of answers' }).getByRole('article');

/** Trains with the scripted trainer for a few steps and stops. */
async function trainShortly(page: Page): Promise<void> {
  await button(page, 'Train').click();
  await expect.poll(() => stepsDone(page)).toBeGreaterThan(3);
  await button(page, 'Stop').click();
  await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/);
}

/** The faults that axe finds grave, in words. */
async function graveFaults(page: Page, rules?: string[]): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
    );
}

test('a run starts, pauses, steps, resumes, stops, and shows what it does', async ({
  page,
  scriptedSite,
}) => {
  await page.goto(scriptedSite + QUERY);
  await expect(page.locator('#option-steps')).toHaveValue('200');
  await button(page, 'Train').click();
  await expect(page.getByText('wasm: scripted engine')).toBeVisible();
  expect(await page.evaluate(() => performance.getEntriesByName('tracewright:first-step').length)).toBe(1);
  await expect(page.getByRole('combobox', { name: 'method' })).toBeDisabled();
  await expect(answers(page)).toHaveCount(4);
  await expect(answers(page).getByText('passes')).toHaveCount(1);
  await expect(answers(page).nth(2)).toContainText('2 of 2 tests');
  await expect(answers(page).nth(2)).toContainText('(1 − 0.25) / 0.5 = +1.50');

  await button(page, 'Pause').click();
  const settled = async () => {
    let last = -1;
    await expect(async () => {
      const now = await stepsDone(page);
      const same = now === last;
      last = now;
      expect(same).toBe(true);
    }).toPass({ intervals: [600] });
    return last;
  };
  const paused = await settled();
  await button(page, 'One update').click();
  await expect.poll(() => stepsDone(page)).toBe(paused + 1);
  expect(await settled()).toBe(paused + 1);

  await page.getByRole('radio', { name: 'change by the update' }).check();
  await expect(page.getByText(/^Change of each token's log-probability from before/)).toBeVisible();
  const text = answers(page)
    .nth(2)
    .getByRole('group', { name: /^Answer 3;/ });
  await text.focus();
  await text.press('ArrowRight');
  await text.press('ArrowRight');
  await expect(
    answers(page)
      .nth(2)
      .getByText(/" a": probability 78%.*after the update 61%/),
  ).toBeAttached();

  await button(page, 'Resume').click();
  await expect.poll(() => stepsDone(page)).toBeGreaterThan(paused + 2);
  await button(page, 'Stop').click();
  await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/);
  await expect(button(page, 'Train')).toBeEnabled();
  await expect(page.getByRole('img', { name: /^reward by step\. Newest: .*: 0\.3/ })).toBeVisible();
});

test('one update begins a run and pauses it', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite + QUERY);
  for (const step of [1, 2]) {
    await button(page, 'One update').click();
    await expect(page.getByRole('status')).toHaveText(`Step ${step} of 200.`);
    // The scripted trainer would make ten more in this time.
    await page.waitForTimeout(300);
    expect(await stepsDone(page)).toBe(step);
  }
  await expect(button(page, 'Resume')).toBeEnabled();
});

test('a recorded run plays for whoever arrives, and says that it is one', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite);
  const run = page.getByRole('region', { name: 'The run' });
  await expect(run.getByText('recorded', { exact: true })).toBeVisible();
  await expect.poll(() => stepsDone(page)).toBeGreaterThan(1);
  await expect(answers(page)).toHaveCount(8);
  await expect(page.getByRole('region', { name: /^Inside answer/ })).toBeVisible();
});

test('the curves are read by the keyboard', async ({ page, scriptedSite }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(scriptedSite);
  const readout = page.getByRole('figure').filter({ hasText: 'held-out pass@1' }).locator('.readouts');
  await expect(readout).toHaveText(/^0\.\d/);
  const newest = await readout.textContent();
  const slider = page.getByLabel('values of');
  await slider.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', 'step 0');
  await expect(readout).not.toHaveText(newest!);
  await slider.press('End');
  await expect(readout).toHaveText(newest!);
});

test('an address opens the same set-up and view in another browser', async ({
  page,
  context,
  browser,
  scriptedSite,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(scriptedSite);
  await expect(answers(page)).toHaveCount(8);
  await page.locator('#option-seed').fill('3');
  await page.locator('#option-seed').press('Tab');
  await page.getByLabel('across').selectOption('tokens');
  await page.getByRole('button', { name: 'Earlier step' }).click();
  await answers(page).nth(4).getByRole('button', { name: 'Open' }).click();
  await button(page, 'Copy link').click();
  await expect(page.getByText('Link copied')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/\?v=1&seed=3&view\.step=\d+&view\.group=\d+&view\.sample=4&view\.x=tokens$/);
  expect(page.url()).toBe(link);
  const prompt = await page.locator('.prompt .quote').textContent();

  const other = await browser.newContext({ reducedMotion: 'reduce' });
  const opened = await other.newPage();
  await opened.goto(link);
  await expect(opened.locator('#option-seed')).toHaveValue('3');
  await expect(opened.getByLabel('across')).toHaveValue('tokens');
  await expect(opened.locator('.prompt .quote')).toHaveText(prompt!);
  await expect(answers(opened).nth(4).getByRole('button', { name: 'Opened' })).toBeVisible();
  await other.close();
});

test('a wrong address is said, and the page works', async ({ page, scriptedSite }) => {
  await page.goto(`${scriptedSite}?v=9&sedd=1&steps=7&lr=x&view.colour=pink&hide=menu`);
  const alert = page.locator('.notices');
  await expect(alert).toContainText('unknown key "sedd", did you mean "seed"?');
  await expect(alert).toContainText('lr: expected a number from 0 to 1, got "x"');
  await expect(alert).toContainText(
    'view.colour: expected one of none, advantage, log_prob, change, got "pink"',
  );
  await expect(alert).toContainText('this page knows links of version 1');
  await expect(alert).toContainText('hide: expected one of');
  await expect(page.locator('#option-steps')).toHaveValue('7');
  await alert.getByRole('button', { name: 'Dismiss' }).first().click();
  await expect(alert.getByRole('button', { name: 'Dismiss' })).toHaveCount(4);
});

test('a teacher hides parts, and begins with the page', async ({ page, scriptedSite }) => {
  await page.goto(`${scriptedSite}${QUERY}&play=1&hide=controls,runs,try,help`);
  await expect.poll(() => stepsDone(page)).toBeGreaterThan(1);
  await expect(page.getByRole('combobox', { name: 'method' })).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Runs', exact: true })).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Try the policy' })).toHaveCount(0);
  await expect(answers(page)).toHaveCount(4);
});

test('a wrong value is refused in words until it is corrected', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite);
  const seed = page.locator('#option-seed');
  await seed.fill('-3');
  await seed.press('Tab');
  await expect(page.getByText('seed: expected an integer from 0 to 1000000000, got -3')).toBeVisible();
  await button(page, 'Train').click();
  await expect(page.locator('.notices')).toContainText('Correct the set-up first: seed');
  await page.getByRole('combobox', { name: 'method' }).selectOption('sft');
  await expect(page.locator('#option-steps')).toHaveValue('3000');
});

test('a run is kept, renamed, laid over, exported, deleted and imported', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite + QUERY);
  await trainShortly(page);
  const runs = page.getByRole('region', { name: 'Runs', exact: true });
  await expect(runs.getByRole('row')).toHaveCount(3);
  await runs.getByRole('button', { name: /^Rename/ }).click();
  await runs.getByRole('textbox').fill('my first');
  await runs.getByRole('textbox').press('Enter');
  await page.locator('#option-seed').fill('8');
  await page.locator('#option-seed').press('Tab');
  await trainShortly(page);
  const rows = runs.getByRole('row');
  await expect(rows.nth(3)).toContainText('seed 0 → 8');

  await page.reload();
  await expect(rows).toHaveCount(4);
  const first = rows.filter({ hasText: 'my first' });
  await first.getByRole('checkbox').check();
  await expect(page.getByRole('list', { name: 'Runs in the charts' }).getByRole('listitem')).toHaveCount(2);
  await first.getByRole('button', { name: 'Open my first' }).click();
  await expect(answers(page)).toHaveCount(4);

  const download = page.waitForEvent('download');
  await first.getByRole('button', { name: 'Export my first' }).click();
  const file = await (await download).path();
  await first.getByRole('button', { name: 'Delete my first' }).click();
  await first.getByRole('button', { name: 'Really delete my first' }).click();
  await expect(rows).toHaveCount(3);
  await runs.locator('input[type=file]').setInputFiles({
    name: 'my-first.zip',
    mimeType: 'application/zip',
    buffer: (await import('node:fs')).readFileSync(file),
  });
  await expect(rows).toHaveCount(4);
  await expect(first).toContainText('my first');
  await expect(answers(page).nth(2)).toContainText('2 of 2 tests');
});

test('a broken file and a failing trainer are said, and the rest works', async ({ page, scriptedSite }) => {
  await page.goto(`${scriptedSite}?v=1&method=grpo&seed=13`);
  const file = page.getByRole('region', { name: 'Runs', exact: true }).locator('input[type=file]');
  await file.setInputFiles({
    name: 'broken.zip',
    mimeType: 'application/zip',
    buffer: Buffer.from('no zip'),
  });
  const notices = page.locator('.notices');
  await expect(notices).toContainText('"broken.zip" could not be imported: readZip()');
  await button(page, 'Train').click();
  await expect(notices).toContainText('the script says fail');
  await page.locator('#option-seed').fill('1');
  await page.locator('#option-seed').press('Tab');
  await trainShortly(page);
});

test('a full disk is said, and the run goes on', async ({ page, scriptedSite }) => {
  await page.goto(scriptedSite + QUERY);
  await expect(button(page, 'Train')).toBeVisible();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(scriptedSite).origin,
    quotaSize: 1,
  });
  await button(page, 'Train').click();
  await expect(page.locator('.notices')).toContainText(
    'The storage of this browser is full: the run goes on',
  );
  const before = await stepsDone(page);
  await expect.poll(() => stepsDone(page)).toBeGreaterThan(before + 2);
  await button(page, 'Stop').click();
  await expect(page.getByRole('status')).toHaveText(/^Stopped after \d+ steps\.$/);
});

test('axe finds no grave fault, in light and in dark', async ({ page, scriptedSite }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(scriptedSite);
  await expect(answers(page)).toHaveCount(8);
  await page.getByText('All options').click();
  await page.getByText(/^All numbers of step/).click();
  expect(await graveFaults(page)).toEqual([]);
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'dark' });
  expect(await graveFaults(page, ['color-contrast'])).toEqual([]);
});

test('a phone shows the page without scrolling sideways', async ({ page, scriptedSite }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(scriptedSite + QUERY);
  await trainShortly(page);
  await page.getByText('All options').click();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});

test('the page is isolated from other origins, and its policy forbids what it does not need', async ({
  page,
  scriptedSite,
}) => {
  const response = await page.goto(scriptedSite);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  const policy = response!.headers()['content-security-policy'];
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  // A static host sends no headers: the page says the same itself.
  await expect(page.locator('meta[http-equiv=Content-Security-Policy]')).toHaveAttribute('content', policy);
});
