/**
 * @file This engine against plain tfjs and jax-js: `npm run bench -- [--device webgpu|wasm] [--sizes 1M,4M]
 * [--only tracewright,tfjs] [--quick] [--out FILE]`; docs/benchmarks.md explains what is measured and how.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UserError } from '../../cli/errors.ts';
import { generateFiles } from '../../cli/setup.mjs';
import { ROOT } from '../../cli/site.ts';
import { SIZES } from './cases.ts';
import type { Backend } from './contender.ts';
import { measureSize } from './measure.ts';
import { formatReport, type Report } from './report.ts';
import type { Plan } from './results.ts';
import { openBrowserStage, openNodeStage } from './stage.ts';

const CONTENDERS = ['tracewright', 'tfjs', 'jax-js'];
/** Measured too where it is installed, for orientation. */
const PYTORCH = 'pytorch';
const BACKENDS: Backend[] = ['webgpu', 'wasm'];

/** A list of names from the command line, each of which must be known. */
function names(flag: string, value: string | undefined, known: readonly string[]): string[] | undefined {
  const list = value?.split(',').map((name) => name.trim());
  const wrong = list?.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new UserError(`--${flag} ${wrong}: choose from ${known.join(', ')}`);
  return list;
}

function positive(flag: string, value: string): number {
  if (Number(value) > 0) return Number(value);
  throw new UserError(`--${flag} ${value}: give a number above 0`);
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** Dawn for Node is 130 MB, which only this needs. */
function requireWebGpuPackage(): void {
  if (existsSync(path.join(ROOT, 'node_modules', 'webgpu'))) return;
  throw new UserError(
    '--runtime node: the package "webgpu" is not installed; run `npm install --no-save webgpu`, or use --device wasm',
  );
}

/** Letters, digits and dashes of an adapter's name. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** What of a share of the whole time each measurement of each contender may take, compiling aside. */
function secondsWithin(share: number, { contenders, rolloutRows }: Plan): number {
  const cells = contenders.length * (1 + 1.5 * rolloutRows.length);
  return Math.max(0.5, (0.6 * share) / cells);
}

/** Whole runs are kept with the repository, by adapter; others with the runs. */
function outputFile({ backends }: Report, runtime: string, isWhole: boolean): string {
  const adapter = backends.find(({ backend }) => backend === 'webgpu')?.devices ?? {};
  const device = slug(Object.values(adapter)[0] ?? 'wasm');
  const name = `engine-${device}${runtime === 'node' ? '-node' : ''}.json`;
  return path.join(ROOT, isWhole ? 'bench/results' : 'runs/bench', name);
}

await runCommand(async () => {
  const { values: flags } = parseArgs({
    options: {
      device: { type: 'string' },
      sizes: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      sequences: { type: 'string' },
      out: { type: 'string' },
      runtime: { type: 'string', default: 'browser' },
      minutes: { type: 'string', default: '13' },
    },
  });
  const backends = (names('device', flags.device, BACKENDS) ?? BACKENDS) as Backend[];
  const [runtime] = names('runtime', flags.runtime, ['browser', 'node'])!;
  if (runtime === 'node' && backends.includes('webgpu')) requireWebGpuPackage();
  const only = names('only', flags.only, [...CONTENDERS, PYTORCH]);
  const plan: Plan = {
    contenders: CONTENDERS.filter((name) => only?.includes(name) ?? true),
    torch: only?.includes(PYTORCH) ?? !flags.quick,
    sizes:
      names('sizes', flags.sizes, Object.keys(SIZES)) ?? (flags.quick ? ['tiny'] : ['0.25M', '1M', '4M']),
    sequences: positive('sequences', flags.sequences ?? (flags.quick ? '2' : '8')),
    length: flags.quick ? 16 : 64,
    rolloutRows: flags.quick ? [16] : [64, 256],
    promptLength: 16,
    newTokens: flags.quick ? 4 : 64,
    seconds: flags.quick ? 0.3 : 8,
    repetitions: flags.quick ? 1 : 7,
  };
  generateFiles(ROOT);
  const report: Report = {
    date: new Date().toISOString(),
    runtime: '',
    machine: {
      cpu: os.cpus()[0].model,
      cores: os.cpus().length,
      platform: `${os.platform()} ${os.arch()}`,
      load: os.loadavg(),
    },
    versions: { tfjs: versionOf('@tensorflow/tfjs-core'), 'jax-js': versionOf('@jax-js/jax') },
    plan,
    backends: [],
  };
  const minutes = positive('minutes', flags.minutes);
  const isWhole =
    !flags.quick && !flags.sizes && !flags.only && !flags.sequences && backends.length === BACKENDS.length;
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const log = (line: string) => console.error(`${elapsed().toFixed(0).padStart(4)} s  ${line}`);
  let cases = backends.length * plan.sizes.length;
  let out = '';
  for (const backend of backends) {
    const stage = runtime === 'node' ? await openNodeStage() : await openBrowserStage(backend);
    report.runtime = stage.runtime;
    const part: Report['backends'][number] = { backend, devices: {}, sizes: [] };
    report.backends.push(part);
    try {
      for (const size of plan.sizes) {
        const share = (60 * minutes - elapsed()) / cases--;
        const paced = { ...plan, seconds: Math.min(plan.seconds, secondsWithin(share, plan)) };
        const tell = (line: string) => log(`${backend} ${size}: ${line}`);
        const { result, devices } = await measureSize(stage, backend, size, paced, part.sizes, tell);
        part.sizes.push(result);
        Object.assign(part.devices, devices);
        out = flags.out ?? outputFile(report, runtime, isWhole);
        mkdirSync(path.dirname(out), { recursive: true });
        writeFileSync(out, `${JSON.stringify(report, null, 1)}\n`);
      }
    } finally {
      await stage.close();
    }
  }
  console.log(formatReport(report));
  console.error(`${elapsed().toFixed(0)} seconds; written to ${out}`);
  const failed = report.backends.some(({ sizes }) =>
    sizes.some(({ failures }) => Object.keys(failures).length > 0),
  );
  return failed ? 1 : 0;
});
