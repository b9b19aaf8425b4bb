/** A value that can cross the sandbox boundary: what programs take, return and are traced with. */
export type Value = number | string | boolean | null | undefined | Value[];

/** First character of the text that stands for a value outside {@link Value}, such as an object. */
const OPAQUE_MARK = '\u0000';

/**
 * Stands for a value that {@link Value} cannot hold (an object, a function, an array nested too deep...).
 * It equals nothing, itself included, so that a program cannot pass a test with one.
 */
export function opaque(kind: string): Value {
  return OPAQUE_MARK + kind;
}

/** The kind given to {@link opaque}, or undefined for every other value. */
export function opaqueKind(value: Value): string | undefined {
  return typeof value === 'string' && value.startsWith(OPAQUE_MARK) ? value.slice(1) : undefined;
}

/** True when `value` is opaque or holds an opaque element at any depth. */
export function hasOpaque(value: Value): boolean {
  return Array.isArray(value) ? value.some(hasOpaque) : opaqueKind(value) !== undefined;
}

/**
 * The one text of a value, a JavaScript literal without spaces: `[1,2.5,"a",true,null,undefined,NaN,-Infinity]`.
 *
 * Negative zero is written `0`: programs reach it by accident (`-1 * 0`) and no task tells the two apart.
 * Array holes are written `undefined`. The sandbox writes its results in the same form.
 */
export function canonical(value: Value): string {
  if (typeof value === 'number') return value === 0 ? '0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (!Array.isArray(value)) return String(value);
  let text = '[';
  for (let i = 0; i < value.length; i++) text += (i > 0 ? ',' : '') + canonical(value[i]);
  return `${text}]`;
}

/** Whether two values have the same canonical text and neither holds an opaque element. */
export function sameValue(a: Value, b: Value): boolean {
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameValue(a[i], b[i])) return false;
    return true;
  }
  if (a === b) return opaqueKind(a) === undefined;
  return typeof a === 'number' && typeof b === 'number' && Number.isNaN(a) && Number.isNaN(b);
}

/** Reads a canonical text back, allowing spaces between tokens. Throws a SyntaxError on anything else. */
export function parseCanonical(text: string): Value {
  const parser = new CanonicalParser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

const WORDS: Record<string, Value> = {
  true: true,
  false: false,
  null: null,
  undefined: undefined,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /-?[A-Za-z]+/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const MAX_DEPTH = 256;

class CanonicalParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Value {
    this.#spaces();
    if (this.#text[this.#at] === '[') return this.#array(depth);
    const string = this.#match(STRING);
    if (string !== undefined) return JSON.parse(string) as string;
    const number = this.#match(NUMBER);
    if (number !== undefined) return Number(number);
    const word = this.#match(WORD);
    if (word !== undefined && Object.hasOwn(WORDS, word)) return WORDS[word];
    return this.#fail();
  }

  end(): void {
    this.#spaces();
    if (this.#at < this.#text.length) this.#fail();
  }

  #array(depth: number): Value[] {
    if (depth >= MAX_DEPTH) this.#fail();
    const items: Value[] = [];
    this.#at++;
    this.#spaces();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.#spaces();
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail();
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #spaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(): never {
    throw new SyntaxError(
      `parseCanonical: not a value at character ${this.#at} of ${this.#text.slice(0, 80)}`,
    );
  }
}
