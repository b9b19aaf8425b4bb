import { fork } from 'node:child_process';
import { launchBrowser } from '../../cli/browser.ts';
import { ISOLATION_HEADERS } from '../../cli/isolation.ts';
import { serveSite } from '../../cli/server.ts';
import { ROOT } from '../../cli/site.ts';
import type { Bench } from './bench.ts';
import { pendingCalls } from './calls.ts';
import type { Backend } from './contender.ts';
import { buildBenchPage, buildBenchProcess } from './site.ts';

/** A bench whose calls cross a boundary. */
export type RemoteBench = {
  [K in keyof Bench]: (...args: Parameters<Bench[K]>) => Promise<Awaited<ReturnType<Bench[K]>>>;
};

/** A contender that has been started. */
export interface Participant {
  name: string;
  bench: RemoteBench;
  close(): Promise<void>;
}

/** Where contenders run: one page of one browser, or processes of Node. */
export interface Stage {
  /** Browser or Node with its version. */
  runtime: string;
  open(name: string, backend: Backend): Promise<Participant>;
  close(): Promise<void>;
}

type Carry = (method: string, args: unknown[]) => Promise<unknown>;

/** A bench made of a function that carries calls over. */
export function remoteBench(carry: Carry): RemoteBench {
  const method =
    (_: object, name: string) =>
    (...args: unknown[]) =>
      carry(name, args);
  return new Proxy({}, { get: method }) as RemoteBench;
}

interface BenchPage {
  bench: {
    open(name: string, backend: Backend): Promise<void>;
    call(name: string, method: string, args: unknown[]): Promise<unknown>;
    close(name: string): void;
  };
}

/** One page of one headless browser; each contender has a worker in it. */
export async function openBrowserStage(backend: Backend): Promise<Stage> {
  // Other people's libraries need more freedom than the lab's page allows itself.
  const site = await serveSite(await buildBenchPage(), 0, ISOLATION_HEADERS);
  const browser = await launchBrowser(backend);
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on('pageerror', (error) => console.error(`page: ${error.message}`));
  await page.goto(`${site.url}bench/engine/`);
  await page.waitForFunction(() => 'bench' in window);
  return {
    runtime: `${browser.browserType().name()} ${browser.version()}`,
    async open(name, device) {
      await page.evaluate((args) => (window as unknown as BenchPage).bench.open(...args), [
        name,
        device,
      ] as const);
      return {
        name,
        bench: remoteBench((method, args) =>
          page.evaluate((all) => (window as unknown as BenchPage).bench.call(...all), [
            name,
            method,
            args,
          ] as const),
        ),
        close: () => page.evaluate((which) => (window as unknown as BenchPage).bench.close(which), name),
      };
    },
    async close() {
      await browser.close();
      await site.close();
    },
  };
}

/** One process of Node for each contender. */
export async function openNodeStage(): Promise<Stage> {
  const file = await buildBenchProcess();
  return {
    runtime: `Node ${process.versions.node}`,
    async open(name, backend) {
      const child = fork(file, [ROOT, name, backend], {
        serialization: 'advanced',
        stdio: ['ignore', 2, 2, 'ipc'],
      });
      const calls = pendingCalls(child);
      child.on('message', calls.settle);
      try {
        await calls.answerTo(0);
      } catch (error) {
        child.kill();
        throw error;
      }
      return {
        name,
        bench: remoteBench((method, args) => calls.send((call) => child.send(call), method, args)),
        close: async () => void child.kill(),
      };
    },
    close: async () => undefined,
  };
}
