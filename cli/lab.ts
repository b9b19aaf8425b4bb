import type { Page } from 'playwright';
import type { HeadlessAnswer, HeadlessApi } from '../src/lab/headless.ts';
import type { Config } from '../src/runs/config.ts';
import type { Emit, Evaluation, Job, RunEvent, TrainingJob } from '../src/runs/events.ts';
import { TrainerLostError } from '../src/runs/supervise.ts';
import { decodeWire, encodeWire } from '../src/runs/wire.ts';
import { launchBrowser } from './browser.ts';
import { UserError } from './errors.ts';
import type { Site } from './server.ts';

/** The page in a headless browser, at a terminal's service. */
export interface Lab {
  /**
   * Trains to the end.
   * @throws UserError when the training fails; TrainerLostError when its worker, device, page or browser is gone
   */
  train(job: TrainingJob): Promise<void>;
  evaluate(job: Job): Promise<Evaluation>;
  /** Asks a training to end after the update in progress. */
  stop(): Promise<void>;
  /** Bytes that the page and its workers hold, as the browser measures them after it has collected what is not used. */
  memory(): Promise<number>;
  /** Errors that the page has written to its console so far. */
  readonly consoleErrors: readonly string[];
  close(): Promise<void>;
}

/** Runs in the page, which is isolated from other origins and so may ask. */
async function measureMemory(): Promise<number> {
  const measured = performance as Performance & {
    measureUserAgentSpecificMemory(): Promise<{ bytes: number }>;
  };
  return (await measured.measureUserAgentSpecificMemory()).bytes;
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
  const lose = (reason: string) => fail(new TrainerLostError(reason));
  page.on('crash', () => lose('the page crashed (the usual reason is too little memory)'));
  page.on('close', () => lose('the page was closed before the run ended'));
  page.on('pageerror', (error) => lose(`the page failed: ${error.message}`));
  page
    .context()
    .browser()
    ?.on('disconnected', () => lose('the browser ended before the run did'));
  return { failure, fail };
}

/**
 * Opens the built page in a headless browser of its own.
 * @param onEvent takes the events of a run, one after the other; the trainer waits for it at checkpoints
 * @param flags more flags for the browser
 */
export async function openLab(
  site: Site,
  device: Config['device'],
  onEvent: Emit,
  flags: readonly string[] = [],
): Promise<Lab> {
  const browser = await launchBrowser(device, flags);
  try {
    return await openPage(await browser.newPage(), site.url, onEvent, () => browser.close());
  } catch (error) {
    await browser.close();
    throw error;
  }
}

async function openPage(page: Page, url: string, onEvent: Emit, close: () => Promise<void>): Promise<Lab> {
  const { failure, fail } = failureOf(page);
  const consoleErrors: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    consoleErrors.push(message.text());
    console.error(`page: ${message.text()}`);
  });
  await page.exposeFunction('tracewrightEmit', async (text: string) => {
    try {
      await onEvent(decodeWire<RunEvent>(text));
    } catch (error) {
      fail(error as Error);
    }
  });
  await page.goto(`${url}?headless`);
  await Promise.race([page.waitForFunction(() => window.tracewright !== undefined), failure]);

  async function call(name: 'train' | 'evaluate', job: Job): Promise<Evaluation | null> {
    const work = page.evaluate(([method, text]) => (window.tracewright as HeadlessApi)[method](text), [
      name,
      encodeWire(job),
    ] as const);
    work.catch(() => {
      // When the page dies, `failure` says why; this rejection only says that it did.
    });
    const answer = decodeWire<HeadlessAnswer>(await Promise.race([failure, work]));
    if ('error' in answer) throw new (answer.lost ? TrainerLostError : UserError)(answer.error);
    return answer.value;
  }

  return {
    consoleErrors,
    train: async (job) => {
      await call('train', job);
    },
    evaluate: async (job) => (await call('evaluate', job))!,
    memory: () => page.evaluate(measureMemory),
    stop: () => page.evaluate(() => window.tracewright?.stop()),
    close,
  };
}
