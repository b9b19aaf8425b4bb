import { flops } from './cases.ts';
import type { Backend } from './contender.ts';
import { median, type Plan, type SizeResult } from './results.ts';

/** A whole run, as it is written. */
export interface Report {
  date: string;
  runtime: string;
  machine: { cpu: string; cores: number; platform: string; load: number[] };
  versions: Record<string, string>;
  plan: Plan;
  backends: { backend: Backend; devices: Record<string, string>; sizes: SizeResult[] }[];
}

const MEGABYTE = 2 ** 20;

/** Three significant digits, without an exponent. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(value >= 10 ? 3 : 2);
}

function table(header: string[], rows: string[][]): string {
  const widths = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i < 2 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/** The training table: medians of the repetitions; `x` is how many times as long as in this engine. */
function trainingTable(sizes: SizeResult[], backend: Backend): string {
  const rows = sizes.flatMap(({ size, training, tokensPerStep, rooflineSeconds }) => {
    const own = training.find(({ contender }) => contender === 'tracewright');
    return training.map((row) => {
      const seconds = median(row.seconds);
      return [
        size,
        row.contender,
        figure(seconds * 1000),
        String(row.seconds.length),
        figure(tokensPerStep / seconds),
        own ? figure(seconds / median(own.seconds)) : '-',
        `${figure((100 * rooflineSeconds) / seconds)}%`,
        ...(backend === 'webgpu' ? [figure(row.dispatches)] : []),
        figure((backend === 'webgpu' ? row.gpuBytes : row.wasmBytes) / MEGABYTE),
        figure(row.firstStepSeconds),
      ];
    });
  });
  const header = ['size', 'contender', 'ms a step', 'repetitions', 'tokens/s', 'x', 'of roofline'];
  if (backend === 'webgpu') header.push('dispatches');
  return table([...header, 'MB', 'first step, s'], rows);
}

function rolloutTable(sizes: SizeResult[], backend: Backend): string {
  const rows = sizes.flatMap(({ size, rollouts }) =>
    rollouts
      .toSorted((a, b) => a.rows - b.rows)
      .map((row) => {
        const own = rollouts.find((other) => other.contender === 'tracewright' && other.rows === row.rows);
        const rate = median(row.tokensPerSecond);
        return [
          size,
          row.decoding === 'cache' ? row.contender : `${row.contender}, ${row.decoding}`,
          String(row.rows),
          figure(rate),
          own ? figure(median(own.tokensPerSecond) / rate) : '-',
          String(row.newTokens),
          String(row.tokensPerSecond.length),
          ...(backend === 'webgpu' ? [figure(row.dispatchesPerPosition)] : []),
        ];
      }),
  );
  const header = ['size', 'contender', 'batch', 'tokens/s', 'x', 'new tokens', 'repetitions'];
  if (backend === 'webgpu') header.push('dispatches a position');
  return table(header, rows);
}

function productTable(sizes: SizeResult[]): string {
  const names = [
    ...new Set(sizes.flatMap(({ products }) => products.flatMap(({ gflops }) => Object.keys(gflops)))),
  ];
  const rows = sizes.flatMap(({ size, products }) => [
    ...products.map(({ product, gflops }) => {
      const { m, k, n, transposeA, transposeB } = product;
      const form = `${m} x ${k}${transposeA ? 'ᵀ' : ''} · ${k} x ${n}${transposeB ? 'ᵀ' : ''}`;
      return [size, form, ...names.map((name) => figure(gflops[name] ?? Number.NaN))];
    }),
    [size, 'all of a step', ...names.map((name) => figure(stepGflops({ products } as SizeResult, name)))],
  ]);
  return table(['size', 'product', ...names], rows);
}

/** Rate over all products of a step, in one contender. */
function stepGflops({ products }: Pick<SizeResult, 'products'>, name: string): number {
  const work = products.map(({ product, gflops }) => ({
    work: product.times * flops(product),
    rate: gflops[name],
  }));
  const total = work.reduce((sum, part) => sum + part.work, 0);
  return total / work.reduce((sum, part) => sum + part.work / part.rate, 0);
}

/** The report as Markdown tables. */
export function formatReport(report: Report): string {
  const { plan, machine } = report;
  const parts = [
    `${report.runtime}, ${machine.cores} cores (${machine.cpu}), ${report.date.slice(0, 10)}; ${Object.entries(
      report.versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
  ];
  for (const { backend, devices, sizes } of report.backends) {
    parts.push(
      `## ${backend}`,
      Object.entries(devices)
        .map(([name, device]) => `${name}: ${device}`)
        .join('; '),
      `Training step of ${plan.sequences} x ${plan.length} tokens; x: times as long as tracewright's:`,
      trainingTable(sizes, backend),
      `Rollouts, prompts of ${plan.promptLength} tokens, ${plan.newTokens} new ones where time allowed; x: tracewright's tokens/s over these:`,
      rolloutTable(sizes, backend),
      'Matrix products of a training step, GFLOPS:',
      productTable(sizes),
    );
    for (const { size, leftOut } of sizes)
      parts.push(...leftOut.map((reason) => `${size}: left out: ${reason}`));
    for (const { size, failures } of sizes)
      for (const [name, reason] of Object.entries(failures))
        parts.push(`${size}: ${name} is missing: ${reason}`);
  }
  return parts.join('\n\n');
}
