import { changedOptions } from '../../src/runs/options.ts';
import { type Cell, readCellRecord, stepsSoFar } from './cells.ts';

function statusOf(cell: Cell): string {
  const record = readCellRecord(cell);
  if (record?.status === 'done') return 'done';
  const steps = stepsSoFar(cell);
  const progress = steps > 0 ? `, ${steps} of ${cell.config.steps} steps` : '';
  return record ? `failed: ${record.error}${progress}` : steps > 0 ? `begun${progress}` : 'to do';
}

/** A line for each cell: its number, name, what sets it apart, and what became of it. */
export function listCells(cells: readonly Cell[]): string {
  const rows = cells.map((cell) => {
    const settings = changedOptions(cell.config).filter(([name]) => name !== 'seed');
    return [
      String(cell.index),
      cell.name,
      statusOf(cell),
      settings.map(([name, value]) => `${name}=${value}`).join(' '),
    ];
  });
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
