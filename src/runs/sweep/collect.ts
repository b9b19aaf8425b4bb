import type { Estimate } from '../../evaluation/statistics.ts';
import { tInterval } from '../../evaluation/student.ts';
import type { Config } from '../config.ts';
import type { Evaluations, StepMetrics } from '../events.ts';
import { changedOptions } from '../options.ts';

/** A training that has come to its end, as `collect` finds it. */
export interface CellResult {
  /** Its directory's name. */
  name: string;
  config: Config;
  evaluations: Evaluations;
  metrics: StepMetrics[];
  /** What is known of it as a cell of a sweep. */
  index?: number;
  build?: string;
  seconds?: number;
}

/** Trainings that differ in nothing but the seed. */
export interface Group {
  /** `grpo lr=0.001`: the method, and the settings in which groups differ. */
  label: string;
  cells: CellResult[];
}

/** Settings of a cell that are neither its method's defaults nor its seed. */
function settingsOf({ config }: CellResult): Map<string, string> {
  return new Map<string, string>(changedOptions(config).filter(([name]) => name !== 'seed'));
}

/** Keys of the configuration whose values differ between trainings, method and seed left out. */
export function varyingSettings(cells: readonly CellResult[]): string[] {
  const all = cells.map(settingsOf);
  const names = [...new Set(all.flatMap((settings) => [...settings.keys()]))];
  return names.filter((name) => new Set(all.map((settings) => settings.get(name))).size > 1);
}

/** Trainings by method and settings, in the order of the first of each. */
export function groupCells(cells: readonly CellResult[]): Group[] {
  const varying = varyingSettings(cells);
  const groups = new Map<string, CellResult[]>();
  for (const cell of cells) {
    const settings = settingsOf(cell);
    const shown = varying.filter((name) => settings.has(name)).map((name) => `${name}=${settings.get(name)}`);
    const label = [cell.config.method, ...shown].join(' ');
    groups.set(label, [...(groups.get(label) ?? []), cell]);
  }
  return [...groups].map(([label, members]) => ({ label, cells: members }));
}

/** What is known of a group: each measure after training, over its seeds. */
export interface GroupSummary {
  label: string;
  seeds: number[];
  /** Mean and 95% t-interval over seeds. */
  measures: Record<string, Estimate>;
}

/** How a group differs from another, seed by seed. */
export interface Difference {
  label: string;
  from: string;
  /** Seeds that both have. */
  seeds: number[];
  /** Mean of `label` minus `from`, and its 95% paired t-interval. */
  measures: Record<string, Estimate>;
}

/** A sweep, folded. */
export interface Summary {
  groups: GroupSummary[];
  differences: Difference[];
  /** What a reader should know before believing the figures. */
  warnings: string[];
}

const measured = (cell: CellResult, measure: string) => cell.evaluations.after?.measures[measure]?.value;

/** Measures that every cell of some groups has. */
function sharedMeasures(groups: readonly Group[]): string[] {
  const cells = groups.flatMap((group) => group.cells);
  const names = Object.keys(cells[0]?.evaluations.after?.measures ?? {});
  return names.filter((name) => cells.every((cell) => measured(cell, name) !== undefined));
}

function summarise({ label, cells }: Group): GroupSummary {
  const measures = sharedMeasures([{ label, cells }]).map((name): [string, Estimate] => [
    name,
    tInterval(cells.map((cell) => measured(cell, name)!)),
  ]);
  return { label, seeds: cells.map(({ config }) => config.seed), measures: Object.fromEntries(measures) };
}

/** Pairs with the same seed share tasks and draws, so their differences spread less than the values themselves. */
function compare(group: Group, base: Group): Difference | undefined {
  const pairs = group.cells.flatMap((cell) => {
    const other = base.cells.find(({ config }) => config.seed === cell.config.seed);
    return other ? [[cell, other] as const] : [];
  });
  if (pairs.length === 0) return undefined;
  const measures = sharedMeasures([group, base]).map((name): [string, Estimate] => [
    name,
    tInterval(pairs.map(([cell, other]) => measured(cell, name)! - measured(other, name)!)),
  ]);
  return {
    label: group.label,
    from: base.label,
    seeds: pairs.map(([cell]) => cell.config.seed),
    measures: Object.fromEntries(measures),
  };
}

/**
 * Folds finished trainings to means over seeds and paired differences from one group.
 * @param baseline label of the group that the others are compared with; the first where it is left out
 * @throws Error when there are no trainings, or no group of that label
 */
export function summariseCells(cells: readonly CellResult[], baseline?: string): Summary {
  const groups = groupCells(cells);
  const base = baseline === undefined ? groups[0] : groups.find(({ label }) => label === baseline);
  if (!base) {
    const labels = groups.map(({ label }) => `"${label}"`).join(', ') || 'none';
    throw new Error(
      `summariseCells(): there is no group ${JSON.stringify(baseline ?? '')}; there are ${labels}`,
    );
  }
  return {
    groups: groups.map(summarise),
    differences: groups.filter((group) => group !== base).flatMap((group) => compare(group, base) ?? []),
    warnings: warningsOf(cells, groups),
  };
}

function warningsOf(cells: readonly CellResult[], groups: readonly Group[]): string[] {
  const distinct = (values: (string | undefined)[]) => [
    ...new Set(values.filter((value) => value !== undefined)),
  ];
  const builds = distinct(cells.map(({ build }) => build));
  const devices = distinct(
    cells.map(({ evaluations: { device } }) => device && `${device.backend}, ${device.adapter}`),
  );
  const warnings: string[] = [];
  if (builds.length > 1) warnings.push(`cells of ${builds.length} builds are mixed: ${builds.join('; ')}`);
  if (devices.length > 1) {
    warnings.push(
      `cells of ${devices.length} devices are mixed, whose numbers differ: ${devices.join('; ')}`,
    );
  }
  for (const { label, cells: members } of groups) {
    const seeds = members.map(({ config }) => config.seed);
    if (new Set(seeds).size < seeds.length) warnings.push(`${label}: a seed is there more than once`);
    if (members.length < 3) {
      warnings.push(
        `${label}: ${members.length} seed${members.length > 1 ? 's' : ''}, too few for an interval to mean much`,
      );
    }
  }
  return warnings;
}

/** What sets a cell apart, as columns. */
function keysOf(cell: CellResult, varying: readonly string[]): Record<string, unknown> {
  const { config } = cell;
  return {
    cell: cell.name,
    method: config.method,
    ...Object.fromEntries(varying.map((name) => [name, config[name as keyof Config]])),
    seed: config.seed,
  };
}

/** A row for each cell: what sets it apart, what it took, and every measure before and after. */
export function cellRows(cells: readonly CellResult[]): Record<string, unknown>[] {
  const varying = varyingSettings(cells);
  return cells.map((cell) => {
    const { before, after, device } = cell.evaluations;
    const columns = (prefix: string, found: typeof before) =>
      Object.fromEntries(
        Object.entries(found?.measures ?? {}).map(([name, { value }]) => [`${prefix}${name}`, value]),
      );
    return {
      ...keysOf(cell, varying),
      steps: after?.step,
      seconds: cell.seconds,
      device: device && `${device.backend}, ${device.adapter}`,
      build: cell.build,
      ...columns('before/', before),
      ...columns('', after),
    };
  });
}

/** A row for each step of each cell: what sets the cell apart, and every metric. */
export function metricRows(cells: readonly CellResult[]): Record<string, unknown>[] {
  const varying = varyingSettings(cells);
  return cells.flatMap((cell) => {
    const keys = keysOf(cell, varying);
    return cell.metrics.map((metrics) => ({ ...keys, ...metrics }));
  });
}

/** An estimate with its interval; a signed one is a difference, marked where its interval does not hold zero. */
export function formatEstimate({ value, low, high }: Estimate, signed = false): string {
  const one = (x: number) => `${signed && x >= 0 ? '+' : ''}${x.toFixed(3)}`;
  const apart = signed && (low > 0 || high < 0) ? ' *' : '';
  return Number.isFinite(low) ? `${one(value)} [${one(low)}, ${one(high)}]${apart}` : one(value);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * The summary for people, as Markdown.
 * @param measures columns; where left out, those that are no parts of others (`pass@1/<family>`)
 */
export function summaryMarkdown(
  { groups, differences, warnings }: Summary,
  measures?: readonly string[],
): string {
  const names = [...new Set(groups.flatMap((group) => Object.keys(group.measures)))];
  const columns = measures ?? names.filter((name) => !name.includes('/'));
  const cellsOf = (found: Record<string, Estimate>, signed: boolean) =>
    columns.map((name) => (found[name] ? formatEstimate(found[name], signed) : ''));
  const parts = [
    '## Held-out measures after training\n\nMean over seeds, 95% t-interval in brackets.',
    markdownTable(
      ['', 'seeds', ...columns],
      groups.map(({ label, seeds, measures: found }) => [
        label,
        String(seeds.length),
        ...cellsOf(found, false),
      ]),
    ),
  ];
  if (differences.length > 0) {
    parts.push(
      `## Differences from ${differences[0]!.from}\n\nMean of the differences between runs of the same seed, 95% paired t-interval in brackets; * where it does\nnot hold zero. No correction for the number of comparisons.`,
      markdownTable(
        ['', 'pairs', ...columns],
        differences.map(({ label, seeds, measures: found }) => [
          label,
          String(seeds.length),
          ...cellsOf(found, true),
        ]),
      ),
    );
  }
  if (warnings.length > 0) parts.push(`Beware:\n\n${warnings.map((warning) => `- ${warning}`).join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}
