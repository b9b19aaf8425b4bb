import { LIMITS } from './limits.ts';

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
 * Runs inside the engine before any program: takes away what reaches outside a program or could run user code
 * while results leave, then defines the runner, the encoder and the tracer.
 *
 * Its constants are global *lexical* bindings: instrumented code reads them by name, no program can, as the
 * parser refuses names starting with `__` and lexical bindings are not on `globalThis`.
 */
export const GUEST_CODE = `
const [__e, __d, __u, __w, __c, __n, __H, __host] = (() => {
  const global = globalThis;
  const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
  const { defineProperties, hasOwn } = Object;
  const { isArray } = Array;
  const { stringify } = JSON;
  const { slice, charCodeAt } = String.prototype;
  const fail = TypeError;

  ${lockDown()}
  ${encoder()}
  ${runner()}
  ${tracer()}
  return [enter, define, update, watch, outcome, present, hits, [answer, describe, start]];
})();
__host;
`;

function lockDown(): string {
  return `
  function blocked() { throw new fail('code from text is not available'); }
  blocked.prototype = Function.prototype;
  const functions = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const f of functions) {
    defineProperty(getPrototypeOf(f), 'constructor',
      { value: blocked, writable: false, enumerable: false, configurable: false });
  }
  defineProperty(global, 'Function', { value: blocked, writable: true, enumerable: false, configurable: true });
  for (const name of ['eval', 'Proxy', 'Date', 'WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer',
    'performance', 'navigator', 'gc', 'print', 'console', 'scriptArgs']) deleteProperty(global, name);
  deleteProperty(Error, 'prepareStackTrace');
  for (const name of ['prepareStackTrace', 'stackTraceLimit']) {
    const found = getOwnPropertyDescriptor(Error, name);
    if (found === undefined || found.configurable) {
      defineProperty(Error, name, { value: name === 'stackTraceLimit' ? 10 : undefined,
        writable: false, enumerable: false, configurable: false });
    }
  }

  // Arrays keep data elements only, so that reading one runs no code. The copy has no getters of its own.
  const dataOnly = (descriptor) => {
    if (typeof descriptor !== 'object' || descriptor === null) throw new fail('a descriptor must be an object');
    const copy = { __proto__: null };
    for (const key of ['value', 'writable', 'enumerable', 'configurable']) {
      if (key in descriptor) copy[key] = descriptor[key];
    }
    if ('get' in descriptor || 'set' in descriptor) throw new fail('an array cannot have accessors');
    return copy;
  };
  const replace = (owner, name, wrapper) => {
    defineProperty(owner, name, { value: wrapper, writable: true, enumerable: false, configurable: true });
  };
  const { defineProperty: defineOn } = Object;
  replace(Object, 'defineProperty', (target, key, descriptor) =>
    defineOn(target, key, isArray(target) ? dataOnly(descriptor) : descriptor));
  replace(Reflect, 'defineProperty', (target, key, descriptor) =>
    defineProperty(target, key, isArray(target) ? dataOnly(descriptor) : descriptor));
  replace(Object, 'defineProperties', (target, descriptors) => {
    if (!isArray(target)) return defineProperties(target, descriptors);
    const keys = ownKeys(descriptors);
    for (let i = 0; i < keys.length; i++) defineOn(target, keys[i], dataOnly(descriptors[keys[i]]));
    return target;
  });
  for (const name of ['__defineGetter__', '__defineSetter__']) {
    const original = Object.prototype[name];
    replace(Object.prototype, name, function (key, accessor) {
      if (isArray(this)) throw new fail('an array cannot have accessors');
      return apply(original, this, [key, accessor]);
    });
  }
`;
}

function encoder(): string {
  return `
  let left = 0;
  let large = false;
  const encode = (value, depth) => {
    if (--left < 0) { large = true; return '0'; }
    switch (typeof value) {
      case 'number': return value === 0 ? '0' : '' + value;
      case 'string':
        if (value.length > ${LIMITS.maxResultString}) { large = true; return '0'; }
        return stringify(value);
      case 'boolean': return value ? 'true' : 'false';
      case 'undefined': return 'undefined';
      case 'object': {
        if (value === null) return 'null';
        if (!isArray(value)) return '"\\\\u0000object"';
        if (depth >= ${LIMITS.maxDepth}) return '"\\\\u0000deep"';
        if (value.length > left) { large = true; return '0'; }
        let text = '[';
        for (let i = 0; i < value.length && !large; i++) {
          if (i > 0) text += ',';
          // A hole would be looked up in the prototypes, where a program may have put a getter.
          text += hasOwn(value, i) ? encode(value[i], depth + 1) : 'undefined';
        }
        return text + ']';
      }
      default: return '"\\\\u0000' + typeof value + '"';
    }
  };
`;
}

function runner(): string {
  return `
  // Data properties only: a getter on a thrown object is never called.
  const read = (object, key) => {
    for (let depth = 0; object !== null && depth < 16; depth++, object = getPrototypeOf(object)) {
      const found = getOwnPropertyDescriptor(object, key);
      if (found !== undefined) return hasOwn(found, 'value') && typeof found.value === 'string' ? found.value : '';
    }
    return '';
  };
  const clip = (text, length) => (text.length > length ? apply(slice, text, [0, length]) : text);
  const describe = (error) => {
    if ((typeof error !== 'object' && typeof error !== 'function') || error === null || isArray(error)) {
      left = 64;
      large = false;
      return stringify('thrown: ' + clip(encode(error, 0), 200)) + '\\n""';
    }
    const name = clip(read(error, 'name'), 64);
    const message = clip(read(error, 'message'), 200);
    return stringify((name || 'Error') + (message ? ': ' + message : '')) + '\\n'
      + stringify(clip(read(error, 'stack'), 1000));
  };
  // Apart from the call, so that a program's fuel pays for its own work alone.
  const answer = (returned) => {
    left = ${LIMITS.maxResultNodes};
    large = false;
    const text = encode(returned, 0);
    return large ? 'L' : 'V' + text;
  };
`;
}

function tracer(): string {
  return `
  const buffer = new Float64Array(global.__buffers[0]);
  const hits = new Uint32Array(global.__buffers[1]);
  deleteProperty(global, '__buffers');
  let at = 1;
  let end = 0;
  let full = false;
  let frames = 0;
  let records = 0;
  const start = () => {
    at = 1;
    buffer[0] = 1;
    buffer[at++] = 0;
    buffer[0] = at;
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
        buffer[at++] = ${TAG.string};
        buffer[at++] = length;
        for (let i = 0; i < length; i++) buffer[at++] = apply(charCodeAt, value, [i]);
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
          if (hasOwn(value, i)) put(value[i], depth + 1);
          else buffer[at++] = ${TAG.undefined};
        }
        return;
      }
    }
    buffer[at++] = ${TAG.opaque};
    buffer[at++] = typeof value === 'object' ? 0 : typeof value === 'function' ? 1 : typeof value === 'symbol' ? 2 : 3;
  };
  const record = (id, frame, value) => {
    if (full && id >= 0) return;
    // Where the last whole record ended: a program that catches a stack overflow may have left half of one.
    const from = buffer[0];
    if (at !== from) buffer[1] = 1;
    at = from;
    const wasFull = full;
    end = id < 0 ? ${TRACE_SLOTS.ends} : ${TRACE_SLOTS.steps};
    full = id >= 0 && ++records > ${LIMITS.maxSteps};
    buffer[at++] = id;
    buffer[at++] = frame;
    const valueAt = at;
    left = ${LIMITS.maxStepNodes};
    large = false;
    if (!full) put(value, 0);
    if (full) {
      at = from;
      buffer[1] = 1;
    } else {
      if (large) {
        at = valueAt;
        buffer[at++] = ${TAG.opaque};
        buffer[at++] = 5;
      }
      // Written last: a trap in the middle of a record leaves the buffer as it was before it.
      buffer[0] = at;
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
`;
}
