import { test as base, expect } from '@playwright/test';
import { createServer } from 'vite';
import { ISOLATION_HEADERS } from '../cli/isolation.ts';
import { serveSite } from '../cli/server.ts';
import { buildSite } from '../cli/site.ts';

interface Fixtures {
  /** Errors that a test expects on the console; anything else there fails it. */
  expectedErrors: RegExp[];
  cleanConsole: undefined;
}

interface WorkerFixtures {
  /** Address of the built page, with the trainer that users get. */
  site: string;
  /** Address of the built page, with `scriptedTrainer.ts` in the trainer's place. */
  scriptedSite: string;
  /** Address of a development server: a test's page may `import('/src/...')` any module from it. */
  modules: string;
}

async function builtWith(trainer: string | undefined): Promise<{ url: string; close(): Promise<void> }> {
  const before = process.env.TRACEWRIGHT_TRAINER;
  if (trainer) process.env.TRACEWRIGHT_TRAINER = trainer;
  else delete process.env.TRACEWRIGHT_TRAINER;
  try {
    return await serveSite(await buildSite());
  } finally {
    if (before === undefined) delete process.env.TRACEWRIGHT_TRAINER;
    else process.env.TRACEWRIGHT_TRAINER = before;
  }
}

/** Playwright's `test`, with the served page, and failing where the console is not clean. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  expectedErrors: [[], { option: true }],
  cleanConsole: [
    async ({ page, expectedErrors }, use) => {
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      await use(undefined);
      const unexpected = errors.filter((error) => !expectedErrors.some((pattern) => pattern.test(error)));
      expect(unexpected, 'the console must be clean').toEqual([]);
    },
    { auto: true },
  ],
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const site = await builtWith(undefined);
      await use(site.url);
      await site.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  scriptedSite: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const site = await builtWith('e2e/scriptedTrainer.ts');
      await use(site.url);
      await site.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  modules: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
    async ({}, use) => {
      const server = await createServer({
        logLevel: 'error',
        server: { host: '127.0.0.1', port: 0, headers: ISOLATION_HEADERS, hmr: false, watch: null },
      });
      await server.listen();
      await use(server.resolvedUrls!.local[0]!);
      await server.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

export { expect };
