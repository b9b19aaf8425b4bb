import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { trim } from '../src/lab/recorded/trim.ts';
import { packEntry, unpackEntry } from '../src/lab/runs/archive.ts';
import { launchBrowser } from './browser.ts';
import { runCommand, UserError } from './errors.ts';
import { serveSite } from './server.ts';
import { buildSite, ROOT } from './site.ts';

const FILE = path.join(ROOT, 'public', 'recorded', 'run.zip');
const RUN_MS = 20 * 60_000;
/** What a visitor downloads before anything else; more groups are in a run of one's own. */
const MAX_BYTES = 300_000;
const TRIM = { every: 4, code: 3, others: 2 };

/** Trains in the page as a visitor would, with its own set-up, and keeps a small recording of it for visitors. */
await runCommand(async () => {
  mkdirSync(path.dirname(FILE), { recursive: true });
  const site = await serveSite(await buildSite());
  const browser = await launchBrowser('auto');
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(RUN_MS);
    await page.goto(`${site.url}?view.colour=change`);
    await page.getByRole('button', { name: 'Train' }).click();
    await page
      .getByRole('status')
      .filter({ hasText: /^Finished/ })
      .waitFor();
    const row = page.locator('tr[aria-current=true]');
    const download = page.waitForEvent('download');
    await row.getByRole('button', { name: /^Export/ }).click();
    const bytes = new Uint8Array(readFileSync(await (await download).path()));
    const whole = unpackEntry(bytes, 'recorded run', 'recorded');
    whole.entry.name.value = 'recorded run';
    const recording = await packEntry(trim(whole, TRIM));
    if (recording.length > MAX_BYTES) {
      throw new UserError(
        `the recording has ${recording.length} bytes, but at most ${MAX_BYTES} are allowed: keep fewer groups (TRIM)`,
      );
    }
    writeFileSync(FILE, recording);
    console.log(`${path.relative(process.cwd(), FILE)}: ${recording.length} bytes`);
  } finally {
    await browser.close();
    await site.close();
  }
  return 0;
});
