import type { Estimate } from './events.ts';

/** A number for people: about four significant digits, whole numbers whole, `nan` for what is no number. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return 'nan';
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2);
  if (size >= 1000) return value.toFixed(0);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 4);
}

/** A proportion with its 95% interval: `0.253 [0.227, 0.281]`. */
export function formatProportion({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

/** A length of time for people: `8 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** What a software adapter's figures are worth; the same words wherever they are shown. */
export const SOFTWARE_WARNING = 'a software adapter: its times say nothing of a GPU';
