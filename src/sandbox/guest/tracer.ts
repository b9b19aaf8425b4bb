import { LIMITS } from '../limits.ts';

/** Kinds of opaque values in traces, by their number in the trace buffer. */
export const OPAQUE_KINDS = ['object', 'function', 'symbol', 'bigint', 'deep', 'large'] as const;

/** Tags of values in the trace buffer. */
export const TAG = {
  number: 0,
  string: 1,
  true: 2,
  false: 3,
  null: 4,
  undefined: 5,
  array: 6,
  opaque: 7,
} as const;

/** Float64 slots of the trace buffer; the last part is kept for what a call ends with. */
export const TRACE_SLOTS = { total: 90_000, steps: 60_000, ends: 80_000 } as const;

/** Counters of statements, conditions and loops; a program of the longest length cannot have more. */
export const COUNTERS = 16_385;

/** Hands the shared buffers to {@link GUEST_CODE}. */
export const CONNECT_CODE = '(trace, hits) => { globalThis.__buffers = [trace, hits]; }';

/**
 * Runs inside the engine before any program: defines what rewritten programs record with; its value is the
 * function that starts a trace anew.
 *
 * Its constants are global *lexical* bindings: instrumented code reads them by name, no program can, as the
 * parser refuses names starting with `__` and lexical bindings are not on `globalThis`.
 */
export const TRACER_CODE = `
const [__e, __d, __u, __w, __c, __n, __H, __start] = (() => {
  const global = globalThis;
  const { deleteProperty } = Reflect;
  const { hasOwn } = Object;
  const { isArray } = Array;
  const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt);
  let left = 0;
  let large = false;

  const buffer = new Float64Array(global.__buffers[0]);
  const hits = new Uint32Array(global.__buffers[1]);
  deleteProperty(global, '__buffers');
  // Where the next slot is, and where the last whole record ended, which the host reads in slot 0.
  let at = 2;
  let whole = 2;
  let end = 0;
  let full = false;
  let frames = 0;
  let records = 0;
  // What loading recorded does not count.
  const start = () => {
    at = whole = 2;
    full = false;
    frames = 0;
    records = 0;
  };
  const enter = () => frames++;
  const put = (value, depth) => {
    if (at >= end) { full = true; return; }
    if (--left < 0) { large = true; return; }
    switch (typeof value) {
      case 'number':
        buffer[at++] = ${TAG.number};
        buffer[at++] = value;
        return;
      case 'string': {
        const length = value.length;
        if (length > ${LIMITS.maxStepString}) { large = true; return; }
        buffer[at] = ${TAG.string};
        buffer[at + 1] = length;
        const from = at + 2;
        for (let i = 0; i < length; i++) buffer[from + i] = codeAt(value, i);
        at = from + length;
        return;
      }
      case 'boolean':
        buffer[at++] = value ? ${TAG.true} : ${TAG.false};
        return;
      case 'undefined':
        buffer[at++] = ${TAG.undefined};
        return;
      case 'object': {
        if (value === null) { buffer[at++] = ${TAG.null}; return; }
        if (!isArray(value)) break;
        if (depth >= ${LIMITS.maxDepth}) { buffer[at++] = ${TAG.opaque}; buffer[at++] = 4; return; }
        const length = value.length;
        if (length > left) { large = true; return; }
        buffer[at++] = ${TAG.array};
        buffer[at++] = length;
        for (let i = 0; i < length && !large && !full; i++) {
          if (!hasOwn(value, i)) { buffer[at++] = ${TAG.undefined}; continue; }
          const item = value[i];
          if (typeof item === 'number' && at < end && left > 0) {
            left--;
            buffer[at] = ${TAG.number};
            buffer[at + 1] = item;
            at += 2;
          } else put(item, depth + 1);
        }
        return;
      }
    }
    buffer[at++] = ${TAG.opaque};
    buffer[at++] = typeof value === 'object' ? 0 : typeof value === 'function' ? 1 : typeof value === 'symbol' ? 2 : 3;
  };
  const record = (id, frame, value) => {
    if (full && id >= 0) return;
    // A program that catches a stack overflow may have left half a record.
    if (at !== whole) { at = whole; buffer[1] = 1; }
    const from = at;
    if (typeof value === 'number' && id >= 0 && records < ${LIMITS.maxSteps} && from < ${TRACE_SLOTS.steps} - 4) {
      records++;
      buffer[from] = id;
      buffer[from + 1] = frame;
      buffer[from + 2] = ${TAG.number};
      buffer[from + 3] = value;
      at = whole = from + 4;
      buffer[0] = whole;
      return;
    }
    const wasFull = full;
    end = id < 0 ? ${TRACE_SLOTS.ends} : ${TRACE_SLOTS.steps};
    full = id >= 0 && ++records > ${LIMITS.maxSteps};
    buffer[at++] = id;
    buffer[at++] = frame;
    left = ${LIMITS.maxStepNodes};
    large = false;
    if (!full) put(value, 0);
    if (full) {
      at = from;
      buffer[1] = 1;
    } else {
      if (large) {
        at = from + 2;
        buffer[at++] = ${TAG.opaque};
        buffer[at++] = 5;
      }
      // Written last: a trap in the middle of a record leaves the buffer as it was before it.
      buffer[0] = whole = at;
    }
    full = full || wasFull;
  };
  const define = (id, frame, value) => {
    record(id, frame, value);
    return value;
  };
  // Not an array: a program may put setters on the indices of Array.prototype.
  const watched = { __proto__: null };
  const watch = (slot, id, frame, value) => {
    // Inner activations are not told apart by name, and unchanged values would only fill the buffer.
    if (frame !== 0 || (typeof value !== 'object' && watched[slot] === value)) return;
    watched[slot] = value;
    record(id, frame, value);
  };
  const outcome = (id, value) => {
    hits[value ? id : id + 1]++;
    return value;
  };
  const present = (id, value) => {
    hits[value !== null && value !== undefined ? id : id + 1]++;
    return value;
  };
  const update = (id, frame, result, value) => {
    record(id, frame, value);
    return result;
  };
  return [enter, define, update, watch, outcome, present, hits, start];
})();
__start;
`;
