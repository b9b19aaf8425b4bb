/**
 * @file This engine against plain tfjs and jax-js: `npm run bench -- [--device webgpu|wasm] [--sizes 1M,4M]
 * [--only tracewright,tfjs] [--quick] [--out FILE]`; docs/benchmarks.md explains what is measured and how.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UserError } from '../../cli/errors.ts';
import { generateFiles } from '../../cli/setup.mjs';
import { ROOT } from '../../cli/site.ts';
import { SIZES } from './cases.ts';
import type { Backend } from './contender.ts';
import { measureSize, type Plan } from './measure.ts';
import { formatReport, type Report } from './report.ts';
import { openBrowserStage } from './stage.ts';

const CONTENDERS = ['tracewright', 'tfjs', 'jax-js'];
const BACKENDS: Backend[] = ['webgpu', 'wasm'];

/** A list of names from the command line, each of which must be known. */
function names(flag: string, value: string | undefined, known: readonly string[]): string[] | undefined {
  const list = value?.split(',').map((name) => name.trim());
  const wrong = list?.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new UserError(`--${flag} ${wrong}: choose from ${known.join(', ')}`);
  return list;
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** Letters, digits and dashes of an adapter's name. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

await runCommand(async () => {
  const { values: flags } = parseArgs({
    options: {
      device: { type: 'string' },
      sizes: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const backends = (names('device', flags.device, BACKENDS) ?? BACKENDS) as Backend[];
  const plan: Plan = {
    contenders: names('only', flags.only, CONTENDERS) ?? CONTENDERS,
    sizes:
      names('sizes', flags.sizes, Object.keys(SIZES)) ?? (flags.quick ? ['tiny'] : ['0.25M', '1M', '4M']),
    sequences: flags.quick ? 2 : 8,
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
  const started = performance.now();
  const log = (line: string) =>
    console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  for (const backend of backends) {
    const stage = await openBrowserStage(backend);
    report.runtime = stage.runtime;
    const part: Report['backends'][number] = { backend, devices: {}, sizes: [] };
    report.backends.push(part);
    try {
      for (const size of plan.sizes) {
        const { result, devices } = await measureSize(stage, backend, size, plan, (line) =>
          log(`${backend} ${line}`),
        );
        part.sizes.push(result);
        Object.assign(part.devices, devices);
      }
    } finally {
      await stage.close();
    }
  }
  console.log(formatReport(report));
  const adapter = report.backends.find(({ backend }) => backend === 'webgpu')?.devices;
  const name = `engine-${slug((adapter && Object.values(adapter)[0]) ?? 'wasm')}.json`;
  const out = flags.out ?? (flags.quick ? `runs/bench/${name}` : path.join(ROOT, 'bench', 'results', name));
  mkdirSync(path.dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(report, null, 1)}\n`);
  console.error(`written to ${out}`);
  return report.backends.some(({ sizes }) => sizes.some(({ failures }) => Object.keys(failures).length > 0))
    ? 1
    : 0;
});
