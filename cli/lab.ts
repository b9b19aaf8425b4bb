import type { Page } from 'playwright';
import type { HeadlessAnswer, HeadlessApi, HeadlessJob } from '../src/lab/headless.ts';
import type { Config } from '../src/runs/config.ts';
import type { Evaluation, RunEvent } from '../src/runs/events.ts';
import { decodeWire, encodeWire } from '../src/runs/wire.ts';
import { launchBrowser } from './browser.ts';
import { UserError } from './errors.ts';
import { serveSite } from './server.ts';
import { buildSite } from './site.ts';

/** The page in a headless browser, at a terminal's service. */
export interface Lab {
  /** Trains to the end; rejects when the trainer, the page or the browser fails. */
  train(job: HeadlessJob): Promise<void>;
  evaluate(job: HeadlessJob): Promise<Evaluation>;
  /** Asks a training to end after the update in progress. */
  stop(): Promise<void>;
  /** Errors that the page has written to its console so far. */
  readonly consoleErrors: readonly string[];
  close(): Promise<void>;
}

/** A promise that rejects with the first thing that goes wrong with a page. */
function failureOf(page: Page): { failure: Promise<never>; fail: (error: Error) => void } {
  let fail!: (error: Error) => void;
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failure.catch(() => {
    // Every call races with this promise; alone it must not count as unhandled.
  });
  page.on('crash', () => fail(new UserError('the page crashed; the usual reason is too little memory')));
  page.on('close', () => fail(new UserError('the page was closed before the run ended')));
  page.on('pageerror', (error) => fail(new UserError(`the page failed: ${error.message}`)));
  page
    .context()
    .browser()
    ?.on('disconnected', () => fail(new UserError('the browser ended before the run did')));
  return { failure, fail };
}

/** Builds and serves the page, and opens it in a headless browser. */
export async function openLab(device: Config['device'], onEvent: (event: RunEvent) => void): Promise<Lab> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part.close();
  };
  try {
    const browser = await launchBrowser(device);
    opened.push(browser);
    const site = await serveSite(await buildSite());
    opened.push(site);
    return await openPage(await browser.newPage(), site.url, onEvent, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openPage(
  page: Page,
  url: string,
  onEvent: (event: RunEvent) => void,
  close: () => Promise<void>,
): Promise<Lab> {
  const { failure, fail } = failureOf(page);
  const consoleErrors: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    consoleErrors.push(message.text());
    console.error(`page: ${message.text()}`);
  });
  await page.exposeFunction('tracewrightEmit', (text: string) => {
    try {
      onEvent(decodeWire<RunEvent>(text));
    } catch (error) {
      fail(error as Error);
    }
  });
  await page.goto(`${url}?headless`);
  await Promise.race([page.waitForFunction(() => window.tracewright !== undefined), failure]);

  async function call(name: 'train' | 'evaluate', job: HeadlessJob): Promise<Evaluation | null> {
    const work = page.evaluate(([method, text]) => (window.tracewright as HeadlessApi)[method](text), [
      name,
      encodeWire(job),
    ] as const);
    work.catch(() => {
      // When the page dies, `failure` says why; this rejection only says that it did.
    });
    const answer = decodeWire<HeadlessAnswer>(await Promise.race([failure, work]));
    if ('error' in answer) throw new UserError(answer.error);
    return answer.value;
  }

  return {
    consoleErrors,
    train: async (job) => {
      await call('train', job);
    },
    evaluate: async (job) => (await call('evaluate', job))!,
    stop: () => page.evaluate(() => window.tracewright?.stop()),
    close,
  };
}
