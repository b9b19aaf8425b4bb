/** Runs inside the engine first: takes away what reaches outside a program or runs user code unasked. */
export const LOCK_DOWN_CODE = `
(() => {
  const global = globalThis;
  const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
  const { defineProperties } = Object;
  const { isArray } = Array;
  const fail = TypeError;

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
})();
`;
