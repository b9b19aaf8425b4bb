/**
 * Faults, each injected into a training of the trainer that users get, in a real browser. After each the run goes
 * on by itself, or when asked to, and ends as one that was left alone; the table in docs/runs.md names these tests.
 */
import type { Page, Worker } from '@playwright/test';
import type { Config } from '../src/runs/config.ts';
import type { FixedRun } from '../src/runs/fixed.ts';
import { resolveConfig } from '../src/runs/options.ts';
import type { Faults } from './faults.ts';
import { test as base, expect } from './fixtures.ts';

declare global {
  interface Window {
    faults: Faults;
  }
}

function small(change: Partial<Config> = {}): Config {
  return resolveConfig({
    method: 'coderl_plus',
    device: 'wasm',
    steps: 6,
    train_batch_size: 4,
    'rollout.n': 4,
    'rollout.max_new_tokens': 32,
    align_max_new_tokens: 32,
    lr: 1e-3,
    eval_every: 0,
    eval_final_tasks: 5,
    checkpoint_every: 2,
    ...change,
  });
}

async function open(page: Page, modules: string): Promise<void> {
  await page.goto(`${modules}e2e/faults.html`);
  await page.waitForFunction(() => window.faults !== undefined);
}

const start = (page: Page, config: Config, factor?: number) =>
  page.evaluate(([config, factor]) => window.faults.start('run', config, factor), [config, factor] as const);

/** Waits until the run has told something; fails when it ended before. */
async function told(page: Page, text: string): Promise<void> {
  const outcome = await page.waitForFunction((text) => {
    const { told, outcome } = window.faults;
    return told.some((one) => one.includes(text)) ? 'told' : outcome !== 'running' && outcome;
  }, text);
  expect(await outcome.jsonValue()).toBe('told');
}

/** How the run ended: `ended`, or the message of its error. */
async function end(page: Page): Promise<string> {
  const outcome = () => window.faults.outcome !== 'running' && window.faults.outcome;
  return (await page.waitForFunction(outcome, null, { timeout: 90_000 })).jsonValue() as Promise<string>;
}

/**
 * Puts a fault into the trainer between two updates, at `moment` or soon after, and lets the run go on.
 * @param fault runs in the trainer; resolves when what it laid was stepped on
 */
async function lay<T>(page: Page, moment: string, fault: (what: T) => Promise<void>, what: T): Promise<void> {
  await told(page, moment);
  const { length } = await allTold(page);
  await page.evaluate(() => window.faults.pause());
  // A checkpoint follows a pause, unless there is one already of that step.
  await page.waitForFunction(
    (length) => window.faults.told.slice(length - 1).some((one) => one.startsWith('saved')),
    length,
  );
  const stepped = trainer(page).evaluate(fault as (what: unknown) => Promise<void>, what);
  await page.evaluate(() => window.faults.resume());
  await stepped;
}

const leavings = (page: Page) => page.evaluate(() => window.faults.leavings('run'));
const allTold = (page: Page) => page.evaluate(() => window.faults.told);

/** The trainer at work, among the workers of a page. */
function trainer(page: Page): Worker {
  const found = page.workers().findLast((worker) => worker.url().includes('/workers/trainer.ts'));
  if (!found) throw new Error(`no trainer among ${page.workers().map((worker) => worker.url())}`);
  return found;
}

const test = base.extend<object, { undisturbed: (config: Config) => Promise<FixedRun> }>({
  /** What a run leaves that nothing disturbs, made once for each configuration. */
  undisturbed: [
    async ({ browser, modules }, use) => {
      const made = new Map<string, Promise<FixedRun>>();
      const make = async (config: Config) => {
        const context = await browser.newContext();
        const page = await context.newPage();
        await open(page, modules);
        await start(page, config);
        expect(await end(page)).toBe('ended');
        const left = await leavings(page);
        await context.close();
        return left;
      };
      await use((config) => {
        const key = JSON.stringify(config);
        if (!made.has(key)) made.set(key, make(config));
        return made.get(key)!;
      });
    },
    { scope: 'worker' },
  ],
});

test('GPU device lost: a new trainer starts a new device and goes on', async ({
  page,
  modules,
  undisturbed,
}) => {
  const config = small({ device: 'webgpu', steps: 3, checkpoint_every: 1, 'rollout.n': 2 });
  const expected = await undisturbed(config);
  await open(page, modules);
  await start(page, config);
  await told(page, 'saved 1');
  await trainer(page).evaluate(() => {
    const { createCommandEncoder } = GPUDevice.prototype;
    GPUDevice.prototype.createCommandEncoder = function (...args) {
      this.destroy();
      return createCommandEncoder.apply(this, args);
    };
  });
  expect(await end(page)).toBe('ended');
  expect(await allTold(page)).toEqual(
    expect.arrayContaining([expect.stringMatching(/device.*lost.*going on from step \d/i), 'resume 1']),
  );
  expect(await leavings(page)).toEqual(expected);
});

test('trainer worker killed, again and again: another one goes on', async ({
  page,
  modules,
  undisturbed,
}) => {
  const expected = await undisturbed(small());
  await open(page, modules);
  await start(page, small());
  for (const moment of ['step 1', 'step 3', 'step 5']) {
    await told(page, moment);
    await trainer(page).evaluate(() => self.close());
    await page.waitForFunction((losses) => {
      return window.faults.told.filter((one) => one.includes('the trainer worker ended')).length === losses;
    }, ['step 1', 'step 3', 'step 5'].indexOf(moment) + 1);
    await page.evaluate(() => {
      window.faults.told = window.faults.told.filter((one) => !one.startsWith('step'));
    });
  }
  expect(await end(page)).toBe('ended');
  expect(await leavings(page)).toEqual(expected);
});

for (const [title, hang] of [
  [
    'waits for a thread that is gone',
    () => {
      setTimeout(() => {
        console.log('hanging');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });
    },
  ],
  [
    'loops for ever',
    () => {
      setTimeout(() => {
        console.log('hanging');
        for (;;);
      });
    },
  ],
] as const) {
  test(`trainer worker ${title}: after five minutes another one goes on`, async ({
    page,
    modules,
    undisturbed,
  }) => {
    const expected = await undisturbed(small());
    await page.clock.install();
    await open(page, modules);
    await start(page, small());
    await told(page, 'step 3');
    const hanging = page.waitForEvent('console', (message) => message.text() === 'hanging');
    await trainer(page).evaluate(hang);
    await hanging;
    await page.clock.runFor('03:00');
    expect((await allTold(page)).join('\n')).not.toContain('hangs');
    await page.clock.runFor('03:00');
    await told(page, 'the trainer worker hangs: no sign of life for five minutes; going on from step');
    expect(await end(page)).toBe('ended');
    expect(await leavings(page)).toEqual(expected);
  });
}

for (const [title, fate] of [
  ['killed', 'terminate'],
  ['hung', 'hang'],
] as const) {
  test(`sandbox worker ${title} in the middle of a batch: it is replaced`, async ({
    page,
    modules,
    undisturbed,
  }) => {
    const expected = await undisturbed(small());
    await open(page, modules);
    await start(page, small());
    const fault = (fate: string) =>
      new Promise<void>((resolve) => {
        const { postMessage } = Worker.prototype;
        Worker.prototype.postMessage = function (...args: unknown[]) {
          Worker.prototype.postMessage = postMessage;
          resolve();
          if (fate === 'hang') return; // A worker that hangs takes its message and never answers.
          postMessage.apply(this, args as Parameters<typeof postMessage>);
          this.terminate();
        };
      });
    await lay(page, 'step 1', fault, fate);
    expect(await end(page)).toBe('ended');
    expect(await leavings(page)).toEqual(expected);
  });
}

test('page reloaded: the run goes on from its last checkpoint', async ({ page, modules, undisturbed }) => {
  const expected = await undisturbed(small());
  await open(page, modules);
  await start(page, small());
  await told(page, 'step 3');
  await page.reload();
  await page.waitForFunction(() => window.faults !== undefined);
  const { run: saved } = await page.evaluate(() => window.faults.saved());
  expect(saved).toBeGreaterThanOrEqual(2);
  await page.evaluate(() => window.faults.goOn('run'));
  expect(await end(page)).toBe('ended');
  expect((await allTold(page))[0]).toBe(`resume ${saved}`);
  expect(await leavings(page)).toEqual(expected);
});

test('disk quota exceeded: the run goes on, says so, and keeps its last checkpoint', async ({
  page,
  modules,
  undisturbed,
}) => {
  const expected = await undisturbed(small());
  const session = await page.context().newCDPSession(page);
  const setQuota = (quotaSize?: number) =>
    session.send('Storage.overrideQuotaForOrigin', { origin: new URL(modules).origin, quotaSize });
  await open(page, modules);
  await start(page, small());
  await told(page, 'saved 2');
  await setQuota(1000);
  expect(await end(page)).toBe('ended');
  const warnings = await allTold(page);
  expect(warnings.join('\n')).toMatch(/the run goes on, but not all of it is kept/);
  expect(await page.evaluate(() => window.faults.saved())).toEqual({ run: 2 });
  await setQuota();
  await page.evaluate(() => window.faults.goOn('run'));
  expect(await end(page)).toBe('ended');
  expect(await leavings(page)).toEqual(expected);
});

test('NaN in a gradient: the update is skipped and counted, and the run goes on', async ({
  page,
  modules,
}) => {
  const config = small({ method: 'grpo', ppo_mini_batches: 1 });
  await open(page, modules);
  await start(page, config);
  const fault = () =>
    new Promise<void>((resolve) => {
      // The third of what the loss of a mini-batch is made of: the weight of each token.
      const { from } = Float32Array;
      let left = 3;
      Float32Array.from = (...args: unknown[]) => {
        const numbers = (from as (...args: unknown[]) => Float32Array<ArrayBuffer>).apply(Float32Array, args);
        const isOfLoss = new Error('where from?').stack!.includes('/src/rl/update.ts');
        if (!isOfLoss || --left > 0) return numbers;
        Float32Array.from = from;
        resolve();
        return numbers.fill(Number.NaN);
      };
    });
  await lay(page, 'step 1', fault, null);
  expect(await end(page)).toBe('ended');
  const { metrics } = await leavings(page);
  expect(metrics.map(({ skipped_updates }) => skipped_updates).sort()).toEqual([0, 0, 0, 0, 0, 1]);
});

test('NaN in every gradient: the run stops, says why, and keeps the checkpoint before', async ({
  page,
  modules,
}) => {
  await open(page, modules);
  // Weights so large that activations overflow.
  await start(page, small({ method: 'sft', checkpoint_every: 1 }), 1e30);
  expect(await end(page)).toMatch(/the gradient was not finite in 3 updates in a row, at step 3; lower lr/);
  expect(await page.evaluate(() => window.faults.saved())).toEqual({ run: 0 });
});
