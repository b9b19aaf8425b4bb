/** One field: quoted where it must be (RFC 4180); nothing for what is missing or no number. */
function field(value: unknown): string {
  if (value === undefined || value === null || Number.isNaN(value)) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Records as CSV: a header of every key in the order of its first appearance, then a line for each record.
 */
export function toCsv(records: readonly object[]): string {
  const keys = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const rows = records.map((record) => keys.map((key) => field((record as Record<string, unknown>)[key])));
  return [keys.map(field), ...rows].map((row) => `${row.join(',')}\n`).join('');
}
