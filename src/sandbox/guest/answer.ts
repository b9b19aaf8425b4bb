import { LIMITS } from '../limits.ts';

/**
 * Runs inside the engine before any program; its value is the array `[answer, describe]`. Both are called by the
 * host alone and run no code of a program's: `answer(value)` gives `V` and the canonical text of what a call
 * returned, or `L` when it is too large; `describe(error)` gives what was thrown and its stack, a JSON string each.
 */
export const ANSWER_CODE = `
(() => {
  const { apply, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const { hasOwn } = Object;
  const { isArray } = Array;
  const { stringify } = JSON;
  const { slice } = String.prototype;

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
  return [answer, describe];
})();
`;
