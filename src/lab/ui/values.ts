import type { Value } from '../../program/values.ts';

/** A value as JavaScript is written: `[1, -2]`, `"ab"`, `undefined`. */
export function showValue(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}

/** A call as JavaScript is written: `f([1, 2], 3)`. */
export function showCall(entry: string, inputs: readonly Value[]): string {
  return `${entry}(${inputs.map(showValue).join(', ')})`;
}
