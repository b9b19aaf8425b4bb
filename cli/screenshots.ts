import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright';
import { launchBrowser } from './browser.ts';
import { runCommand } from './errors.ts';
import { serveSite } from './server.ts';
import { buildSite, ROOT } from './site.ts';

const DIRECTORY = path.join(ROOT, 'docs', 'screenshots');
/** The pictures of parts of the page, by the name of the region. */
const REGIONS: Record<string, RegExp> = {
  'group.png': /^One group of answers/,
  'program.png': /^Inside answer/,
  'alignment.png': /^The alignment question/,
};

/** Opens the page on its recorded run, at an answer that is wrong and the line where it first is. */
async function open(page: Page, url: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(`${url}?v=1&view.step=40&view.colour=change`);
  const wrong = page.getByRole('article').filter({ hasText: 'wrong answer' }).first();
  await wrong.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByRole('button', { name: 'To the first difference' }).click();
}

/** Pictures of the page for the documentation, of the recorded run, so that they take no training. */
await runCommand(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  const site = await serveSite(await buildSite());
  const browser = await launchBrowser('auto');
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    await open(page, site.url);
    const picture = async (name: string) => {
      await page.evaluate(() => scrollTo(0, 0));
      await page.mouse.move(0, 0);
      await page.screenshot({ path: path.join(DIRECTORY, name) });
    };
    await picture('desktop.png');
    for (const [file, name] of Object.entries(REGIONS)) {
      await page.getByRole('region', { name }).screenshot({ path: path.join(DIRECTORY, file) });
    }
    await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'dark' });
    await picture('dark.png');
    await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'light' });
    await page.setViewportSize({ width: 360, height: 800 });
    await picture('phone.png');
    const group = page.getByRole('region', { name: /^One group of answers/ });
    await group.screenshot({ path: path.join(DIRECTORY, 'phone-group.png') });
  } finally {
    await browser.close();
    await site.close();
  }
  console.log(`Pictures are in ${path.relative(process.cwd(), DIRECTORY)}/`);
  return 0;
});
