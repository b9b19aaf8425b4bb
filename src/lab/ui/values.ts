import { canonical, opaqueKind, type Value } from '../../program/values.ts';

/** A value as JavaScript is written, with room to read: `[1, -2]`, `"ab"`; one that has no such text by its kind: `(object)`. */
export function showValue(value: Value): string {
  if (Array.isArray(value)) return `[${Array.from(value, showValue).join(', ')}]`;
  const kind = opaqueKind(value);
  return kind === undefined ? canonical(value) : `(${kind})`;
}

/** A call as JavaScript is written: `f([1, 2], 3)`. */
export function showCall(entry: string, inputs: readonly Value[]): string {
  return `${entry}(${inputs.map(showValue).join(', ')})`;
}
