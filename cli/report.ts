import type { DeviceInfo, Estimate, Evaluation, StepMetrics } from '../src/runs/events.ts';
import { formatNumber, formatProportion, formatTime, SOFTWARE_WARNING } from '../src/runs/format.ts';

/** Metrics shown on a step's line, with the short words for them, where the method has them. */
const SHOWN: [metric: string, label: string][] = [
  ['reward', 'reward'],
  ['rewards/alignment/mean', 'alignment'],
  ['loss', 'loss'],
  ['learning_rate', 'learning rate'],
  ['entropy', 'entropy'],
  ['tokens_per_second', 'tokens/s'],
  ['programs_per_second', 'programs/s'],
];

/** The line that says what a run computes on. */
export function deviceLine(device: DeviceInfo): string {
  const warning = device.software ? ` (${SOFTWARE_WARNING})` : '';
  return `device: ${device.backend}, ${device.adapter}${warning}`;
}

/** A line for one step: its metrics and the latest held-out pass@1. */
export function stepLine(metrics: StepMetrics, totalSteps: number, latest?: Evaluation): string {
  const width = String(totalSteps).length;
  const parts = [`step ${String(metrics.step).padStart(width)}/${totalSteps}`];
  for (const [metric, label] of SHOWN) {
    const value = metrics[metric];
    if (value === undefined) continue;
    parts.push(`${label} ${metric.endsWith('_per_second') ? Math.round(value) : formatNumber(value)}`);
    const pass = latest?.measures['pass@1'];
    if (metric === 'reward' && pass)
      parts.push(`held-out pass@1 ${pass.value.toFixed(3)} (step ${latest.step})`);
  }
  return parts.join('  ');
}

/** A short line for an evaluation: every measure it has. */
export function evaluationLine(name: string, evaluation: Evaluation): string {
  const measures = Object.entries(evaluation.measures).map(
    ([measure, { value }]) => `${measure} ${value.toFixed(3)}`,
  );
  return `evaluation ${name} (step ${evaluation.step}, ${formatTime(evaluation.seconds)})  ${measures.join('  ')}`;
}

function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}

function change(before: Estimate, after: Estimate): string {
  const difference = after.value - before.value;
  const apart = before.high < after.low || after.high < before.low;
  return `${difference < 0 ? '' : '+'}${difference.toFixed(3)}${apart ? ' *' : ''}`;
}

/** The table of a whole run: every measure before and after, with 95% intervals. */
export function beforeAfterTable(before: Evaluation, after: Evaluation): string {
  const names = [...new Set([...Object.keys(before.measures), ...Object.keys(after.measures)])];
  const rows = names.map((name) => {
    const [from, to] = [before.measures[name], after.measures[name]];
    return [
      name,
      from ? formatProportion(from) : '-',
      to ? formatProportion(to) : '-',
      from && to ? change(from, to) : '',
      String(to?.count ?? from?.count ?? ''),
    ];
  });
  const note = '95% intervals in brackets; * where the two do not overlap';
  return `${table([['held-out measure', 'before', 'after', 'change', 'trials'], ...rows])}\n${note}`;
}

/** The table of one evaluation, with 95% intervals, and the shares of the verdicts. */
export function evaluationTable(evaluation: Evaluation): string {
  const rows = Object.entries(evaluation.measures).map(([name, measure]) => [
    name,
    formatProportion(measure),
    String(measure.count),
  ]);
  const verdicts = Object.entries(evaluation.verdicts).map(([name, share]) => `${name} ${share.toFixed(3)}`);
  return `${table([['held-out measure', 'value [95% interval]', 'trials'], ...rows])}\nverdicts: ${verdicts.join(', ')}`;
}
