/**
 * @file How soon the built page shows something and trains, and what it transfers for that:
 * `npm run bench:page -- [--device wasm|webgpu] [--repetitions 5] [--out FILE]`.
 *
 * Each repetition is a first visit: a new browser context without a cache. Train is pressed as soon as it is there.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright';
import { launchBrowser } from '../cli/browser.ts';
import { runCommand, UserError } from '../cli/errors.ts';
import { serveSite } from '../cli/server.ts';
import { buildSite, ROOT } from '../cli/site.ts';
import { median } from './engine/results.ts';

/** Milliseconds since the navigation began. */
interface Visit {
  first_contentful_paint: number;
  largest_contentful_paint: number;
  /** When Train was pressed, by which time the page answers. */
  pressed: number;
  first_step: number;
}

/** A file that the page asked for. */
interface Transfer {
  name: string;
  part: string;
  /** Asked for before the first paint. */
  before_paint: boolean;
  bytes: number;
  gzip_bytes: number;
}

const MARK = 'tracewright:first-step';

/** A part of the page by the name of a file in it. */
function partOf(name: string): string {
  if (name.startsWith('policy/')) return 'policy';
  if (name.startsWith('recorded/')) return 'recorded run';
  if (/\.wasm$/.test(name)) return 'WebAssembly';
  if (/(trainer|kernels|backend|register|dist|matmul|tune)-/.test(name)) return 'trainer and device';
  if (/sandbox/.test(name)) return 'sandbox worker';
  if (/(codemirror|archive)-/.test(name)) return 'editor, files of runs';
  if (/\.(js|css|html|svg)$/.test(name)) return 'page';
  return 'other';
}

async function visit(browser: Browser, url: string): Promise<{ visit: Visit; asked: Map<string, number> }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  /** Names of files, with when they were asked for, in milliseconds since the navigation began. */
  const asked = new Map<string, number>();
  const started = performance.now();
  context.on('request', (request) => {
    const { pathname, protocol } = new URL(request.url());
    const name = pathname.slice(1) || 'index.html';
    if (protocol === 'http:' && !asked.has(name)) asked.set(name, performance.now() - started);
  });
  await page.goto(url);
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  const pressed = await page.evaluate(() => performance.now());
  await page.waitForFunction((mark) => performance.getEntriesByName(mark).length > 0, MARK, {
    timeout: 300_000,
  });
  const startOf = (name: string) =>
    page.evaluate((entry) => performance.getEntriesByName(entry)[0]!.startTime, name);
  // Only an observer hears of the largest paint; the last entry so far is it.
  const largest = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntries().at(-1)!.startTime)).observe({
          type: 'largest-contentful-paint',
          buffered: true,
        });
      }),
  );
  const timings: Visit = {
    first_contentful_paint: await startOf('first-contentful-paint'),
    largest_contentful_paint: largest,
    pressed,
    first_step: await startOf(MARK),
  };
  await context.close();
  return { visit: timings, asked };
}

await runCommand(async () => {
  const { values: flags } = parseArgs({
    options: {
      device: { type: 'string', default: 'wasm' },
      repetitions: { type: 'string', default: '5' },
      out: { type: 'string', default: path.join(ROOT, 'bench', 'results', 'page.json') },
    },
  });
  const repetitions = Number(flags.repetitions);
  if (!Number.isInteger(repetitions) || repetitions < 1)
    throw new UserError(`--repetitions must be a positive integer, got ${flags.repetitions}`);
  if (flags.device !== 'wasm' && flags.device !== 'webgpu')
    throw new UserError(`--device ${flags.device}: choose wasm or webgpu`);
  const directory = await buildSite();
  const site = await serveSite(directory);
  const browser = await launchBrowser(flags.device);
  try {
    const visits: Visit[] = [];
    let asked = new Map<string, number>();
    for (let i = 0; i < repetitions; i++) {
      const result = await visit(browser, `${site.url}?device=${flags.device}`);
      visits.push(result.visit);
      asked = result.asked;
      console.error(`visit ${i + 1}: ${JSON.stringify(result.visit)}`);
    }
    const paint = visits.at(-1)!.first_contentful_paint;
    const transfers = [...asked].map(([name, at]): Transfer => {
      const bytes = readFileSync(path.join(directory, name));
      return {
        name,
        part: partOf(name),
        before_paint: at < paint,
        bytes: bytes.length,
        gzip_bytes: gzipSync(bytes).length,
      };
    });
    const report = {
      date: new Date().toISOString(),
      browser: browser.version(),
      machine: { cpu: os.cpus()[0]!.model, cores: os.cpus().length, load: os.loadavg() },
      device: flags.device,
      visits,
      transfers,
    };
    const middle = (key: keyof Visit) =>
      `${Math.round(median(visits.map((one) => one[key]))).toLocaleString('en-US')} ms`;
    console.log(
      `Chromium ${browser.version()}, ${os.cpus().length} cores, ${flags.device}; medians of ${repetitions} first visits`,
    );
    console.log(`first contentful paint    ${middle('first_contentful_paint')}`);
    console.log(`largest contentful paint  ${middle('largest_contentful_paint')}`);
    console.log(`Train pressed             ${middle('pressed')}`);
    console.log(`first live step           ${middle('first_step')}`);
    console.log('\n| part | files | kB | kB gzipped |\n|---|--:|--:|--:|');
    const parts = new Set(transfers.map(({ part }) => part));
    const row = (label: string, files: Transfer[]) => {
      const kilobytes = (key: 'bytes' | 'gzip_bytes') =>
        Math.round(files.reduce((sum, file) => sum + file[key], 0) / 1000).toLocaleString('en-US');
      console.log(`| ${label} | ${files.length} | ${kilobytes('bytes')} | ${kilobytes('gzip_bytes')} |`);
    };
    for (const part of parts)
      row(
        part,
        transfers.filter((file) => file.part === part),
      );
    row('all', transfers);
    row(
      'of these asked for before the first paint',
      transfers.filter((file) => file.before_paint),
    );
    mkdirSync(path.dirname(flags.out), { recursive: true });
    writeFileSync(flags.out, `${JSON.stringify(report, null, 1)}\n`);
    console.error(`written to ${flags.out}`);
    return 0;
  } finally {
    await browser.close();
    await site.close();
  }
});
