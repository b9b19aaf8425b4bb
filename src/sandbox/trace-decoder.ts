import type { Counter, InstrumentedProgram } from '../program/instrument.ts';
import { canonical, hasOpaque, opaque, type Value } from '../program/values.ts';
import { OPAQUE_KINDS, TAG } from './guest/tracer.ts';
import type { Coverage, Trace, TraceStep } from './types.ts';

/** Slots before the first record: where the records end, and whether some did not fit. */
const HEADER = { end: 0, truncated: 1, first: 2 } as const;

/** Empties the trace buffer and the counters before a call. */
export function clearTrace(buffer: Float64Array, hits: Uint32Array, { counters }: InstrumentedProgram): void {
  buffer[HEADER.end] = HEADER.first;
  buffer[HEADER.truncated] = 0;
  hits.fill(0, 0, counters.length);
}

/**
 * Turns the engine's trace buffer and hit counters into a {@link Trace}.
 *
 * `steps` holds every definition made in the entry function and its callbacks. `lastDefinition` and `atEnd` hold
 * only variables that the outermost activation of the entry function declares, parameters once they are given a
 * new value or changed in place, and leave out those whose value is opaque.
 */
export function decodeTrace(
  buffer: Float64Array,
  hits: Uint32Array,
  { points, counters }: InstrumentedProgram,
): Trace {
  const reader = new SlotReader(buffer);
  const end = buffer[HEADER.end];
  const steps: TraceStep[] = [];
  const last = new Map<string, Value>();
  const known = new Map<string, Value>();
  while (reader.at < end) {
    const { line, name, kind, own } = points[Math.abs(reader.next())];
    const outermost = reader.next() === 0;
    const value = reader.value();
    const counts = own && outermost;
    if (kind === 'end') {
      if (counts) known.set(name, value);
      continue;
    }
    // A call that got the variable as an argument defined it only if it changed it.
    if (kind === 'maybe' && (!counts || (known.has(name) && canonical(known.get(name)) === canonical(value))))
      continue;
    steps.push({ line, name, value });
    if (!counts) continue;
    known.set(name, value);
    if (kind !== 'parameter') last.set(name, value);
  }
  return {
    steps,
    hits: lineHits(hits, counters),
    lastDefinition: definite(last.keys(), last),
    atEnd: definite(last.keys(), known),
    truncated: buffer[HEADER.truncated] !== 0,
  };
}

function definite(names: Iterable<string>, values: Map<string, Value>): Record<string, Value> {
  const found: [string, Value][] = [];
  for (const name of names) {
    const value = values.get(name);
    if (!hasOpaque(value)) found.push([name, value]);
  }
  // Not by assignment, which would lose a variable called __proto__ to the prototype.
  return Object.fromEntries(found);
}

/** Turns the engine's counters into a {@link Coverage}. */
export function decodeCoverage(hits: Uint32Array, counters: Counter[]): Coverage {
  const coverage: Coverage = { ticks: 0, statements: [], conditions: [], loops: [] };
  for (let i = 1; i < counters.length; i++) {
    const { kind, line, column } = counters[i];
    switch (kind) {
      case 'statement':
        coverage.ticks += hits[i];
        coverage.statements.push({ line, column, hits: hits[i] });
        break;
      case 'true':
        coverage.conditions.push({ line, column, whenTrue: hits[i], whenFalse: hits[i + 1] });
        break;
      case 'turn':
        coverage.loops.push({ line, column, turns: hits[i] });
    }
  }
  return coverage;
}

function lineHits(hits: Uint32Array, counters: Counter[]): Record<number, number> {
  const found: Record<number, number> = {};
  for (let i = 1; i < counters.length; i++) {
    const { kind, line } = counters[i];
    if (kind === 'statement' && hits[i] > 0) found[line] = (found[line] ?? 0) + hits[i];
  }
  return found;
}

class SlotReader {
  at: number = HEADER.first;
  readonly #slots: Float64Array;

  constructor(slots: Float64Array) {
    this.#slots = slots;
  }

  next(): number {
    return this.#slots[this.at++];
  }

  value(): Value {
    const tag = this.next();
    switch (tag) {
      case TAG.number: {
        const number = this.next();
        return number === 0 ? 0 : number;
      }
      case TAG.string: {
        const length = this.next();
        this.at += length;
        return String.fromCharCode(...this.#slots.subarray(this.at - length, this.at));
      }
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.null:
        return null;
      case TAG.undefined:
        return undefined;
      case TAG.array: {
        const length = this.next();
        const items: Value[] = [];
        for (let i = 0; i < length; i++) items.push(this.value());
        return items;
      }
      case TAG.opaque:
        return opaque(OPAQUE_KINDS[this.next()]);
      default:
        throw new Error(`trace: unknown tag ${tag} at slot ${this.at - 1}`);
    }
  }
}
