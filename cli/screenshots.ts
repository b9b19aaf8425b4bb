import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { launchBrowser } from './browser.ts';
import { runCommand } from './errors.ts';
import { serveSite } from './server.ts';
import { buildSite, ROOT } from './site.ts';

/** A short training from the shipped policy, long enough for curves. */
const QUERY = '?steps=40&eval_every=8&eval_tasks=300&eval_final_tasks=300';
const DIRECTORY = path.join(ROOT, 'docs', 'screenshots');
const RUN_MS = 10 * 60_000;

/** Trains in the page as a visitor would, and keeps pictures of it for the documentation. */
await runCommand(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  const site = await serveSite(await buildSite());
  const browser = await launchBrowser('auto');
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const picture = (name: string) => page.screenshot({ path: path.join(DIRECTORY, name) });
    await page.goto(site.url + QUERY);
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText(/^Finished/).waitFor({ timeout: RUN_MS });
    await picture('desktop.png');
    await page.emulateMedia({ colorScheme: 'dark' });
    await picture('dark.png');
    await page.setViewportSize({ width: 360, height: 800 });
    await picture('phone.png');
  } finally {
    await browser.close();
    await site.close();
  }
  console.log(`Pictures are in ${path.relative(process.cwd(), DIRECTORY)}/`);
  return 0;
});
