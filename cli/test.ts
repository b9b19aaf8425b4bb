import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBrowser } from './browser.ts';
import { runCommand } from './errors.ts';
import { parseArguments } from './flags.ts';
import { helpText } from './help.ts';
import { ROOT } from './site.ts';
import { addCounts, type Counts, countPlaywright, countVitest, summaryLine } from './testCounts.ts';

/** The programs behind the steps, each a script of an installed package. */
const PROGRAMS = {
  biome: '@biomejs/biome/bin/biome',
  tsc: 'typescript/bin/tsc',
  vitest: 'vitest/vitest.mjs',
  playwright: '@playwright/test/cli.js',
};

function runStep(title: string, program: keyof typeof PROGRAMS, args: string[], environment = {}): boolean {
  console.log(`\n== ${title}`);
  const script = path.join(ROOT, 'node_modules', PROGRAMS[program]);
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [script, ...args], { cwd: ROOT, stdio: 'inherit', env }).status === 0;
}

/** Reads a reporter's file; a runner that died before it wrote one counts as one failure. */
function countsIn(file: string, count: (report: never) => Counts): Counts {
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  return count(JSON.parse(readFileSync(file, 'utf8')) as never);
}

async function test(): Promise<number> {
  ensureBrowser();
  const reports = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
  const unit = path.join(reports, 'vitest.json');
  const e2e = path.join(reports, 'playwright.json');
  try {
    const steps: [title: string, ok: boolean][] = [
      ['lint', runStep('lint', 'biome', ['check', '.'])],
      ['type check', runStep('type check', 'tsc', ['--noEmit'])],
      [
        'unit tests',
        runStep('unit tests', 'vitest', [
          'run',
          '--reporter=default',
          '--reporter=json',
          `--outputFile.json=${unit}`,
        ]),
      ],
      [
        'browser tests',
        runStep('browser tests', 'playwright', ['test', '--reporter=list,json'], {
          PLAYWRIGHT_JSON_OUTPUT_FILE: e2e,
        }),
      ],
    ];
    const counts = addCounts(countsIn(unit, countVitest), countsIn(e2e, countPlaywright));
    const failed = steps.filter(([, ok]) => !ok).map(([title]) => title);
    console.log(
      failed.length > 0 ? `\nfailed: ${failed.join(', ')}` : '\nlint, type check and tests are fine',
    );
    console.log(summaryLine(counts));
    return failed.length > 0 || counts.failed > 0 ? 1 : 0;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

await runCommand(async () => {
  if (!parseArguments(process.argv.slice(2), 'test').help) return test();
  console.log(helpText('test'));
  return 0;
});
