import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSite } from '../cli/site.ts';
import { expect, test } from './fixtures.ts';

/** What each part of the built page may weigh in kB of 1000 bytes, packed with gzip as a host sends it. */
const BUDGETS: [part: string, files: RegExp, kB: number][] = [
  [
    'page, first sight (script, style, icon)',
    /^(index\.html|icon\.svg|assets\/(index|rolldown-runtime)-.*)$/,
    140,
  ],
  ['recorded run', /^recorded\//, 300],
  // The trainer and the writer have their own copies of the device's chunks.
  ['trainer and device, twice', /^assets\/(trainer|kernels|backend|register|dist|matmul|tune)-.*\.js$/, 450],
  ['sandbox', /^assets\/sandbox-/, 60],
  ['on demand: editor, files of runs, writer', /^assets\/(codemirror|archive|writer)-/, 260],
  ['policy', /^policy\//, 1100],
  ['engine and sandbox (wasm)', /\.wasm$/, 620],
];

/** For the host, not for the page. */
const HOST_FILES = ['_headers'];

function filesIn(directory: string, prefix = ''): string[] {
  return readdirSync(directory).flatMap((name) => {
    const place = path.join(directory, name);
    return statSync(place).isDirectory() ? filesIn(place, `${prefix}${name}/`) : [prefix + name];
  });
}

test('the built page keeps to its budget of bytes', async () => {
  test.setTimeout(120_000);
  delete process.env.TRACEWRIGHT_TRAINER;
  const site = await buildSite();
  const files = filesIn(site);
  const partsOf = (file: string) => BUDGETS.filter(([, pattern]) => pattern.test(file));
  expect(
    files.filter((file) => !HOST_FILES.includes(file) && partsOf(file).length !== 1),
    'each file counts once',
  ).toEqual([]);
  const weights = BUDGETS.map(([part, pattern, budget]) => {
    const bytes = files
      .filter((file) => pattern.test(file))
      .reduce((sum, file) => sum + gzipSync(readFileSync(path.join(site, file))).length, 0);
    return { part, kB: Math.round(bytes / 1000), budget };
  });
  console.log(weights.map(({ part, kB, budget }) => `${part}: ${kB} of ${budget} kB`).join('\n'));
  expect(weights.filter(({ kB, budget }) => kB > budget || kB === 0)).toEqual([]);
});

test('the page stays responsive while it trains', async ({ page, site }) => {
  test.setTimeout(120_000);
  await page.goto(`${site}?v=1&steps=400&device=wasm&eval_every=0&eval_final_tasks=5&train_batch_size=16`);
  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByText(/^Step [2-9]\d* of 400\.$/).waitFor({ timeout: 60_000 });
  const frames = await page.evaluate(async () => {
    const times: number[] = [];
    let last = performance.now();
    const end = last + 5000;
    await new Promise<void>((resolve) => {
      const frame = (now: number) => {
        times.push(now - last);
        last = now;
        if (now < end) requestAnimationFrame(frame);
        else resolve();
      };
      requestAnimationFrame(frame);
    });
    return times.sort((a, b) => a - b);
  });
  const at = (share: number) => frames[Math.floor(share * (frames.length - 1))].toFixed(1);
  const firstStep = await page.evaluate(
    () => performance.getEntriesByName('tracewright:first-step')[0].startTime,
  );
  const paint = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  );
  console.log(
    `frame times over 5 s of training: median ${at(0.5)} ms, 95% ${at(0.95)} ms, longest ${at(1)} ms; ` +
      `first contentful paint ${paint.toFixed(0)} ms, first live step ${(firstStep / 1000).toFixed(1)} s after opening`,
  );
  // Times depend on the machine; that frames come at all while the trainer works does not.
  expect(frames.length).toBeGreaterThan(10);
});
