/**
 * @file Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A draw is a pure function of (key, counter), so a row of a batch gets the same numbers
 * whatever else is drawn around it, and a shader can compute the same integers.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** Philox4x32-10 on plain words, written to `out`. */
function philoxInto(
  out: Uint32Array,
  key0: number,
  key1: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
): void {
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The four random words that belong to a key and a counter; words are unsigned 32-bit integers. */
export function philox(
  key: readonly [number, number],
  counter: readonly [number, number, number, number],
): Uint32Array {
  const out = new Uint32Array(4);
  const [c0, c1, c2, c3] = counter;
  philoxInto(out, key[0] >>> 0, key[1] >>> 0, c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0);
  return out;
}

/** The Philox key of a seed: its low and its high 32 bits, for seeds up to 2^53. */
export function seedKey(seed: number): [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new Error(`seedKey(): a seed must be an integer from 0 to 2^53 - 1, got ${seed}`);
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32)];
}

/**
 * A random word as a number in [0, 1): its upper 24 bits, because these are what a 32-bit float holds exactly,
 * so that a shader and this file agree to the bit.
 */
export function unit(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

const scratch = new Uint32Array(4);

/** A number in [0, 1) that belongs to `seed` and up to four counter words. */
export function uniform(seed: number, c0 = 0, c1 = 0, c2 = 0, c3 = 0): number {
  const [k0, k1] = seedKey(seed);
  philoxInto(scratch, k0, k1, c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0);
  return unit(scratch[0]!);
}

/** A sequence of random choices; make one with {@link random}. */
export class Random {
  readonly #key: [number, number];
  readonly #stream: [number, number, number];
  readonly #words = new Uint32Array(4);
  #used = 4;
  #block = 0;

  constructor(key: [number, number], stream: [number, number, number]) {
    this.#key = key;
    this.#stream = stream;
  }

  /** The next unsigned 32-bit integer. */
  word(): number {
    if (this.#used === 4) {
      const [s0, s1, s2] = this.#stream;
      philoxInto(this.#words, this.#key[0], this.#key[1], this.#block, s0, s1, s2);
      this.#block = (this.#block + 1) >>> 0;
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** A number in [0, 1). */
  uniform(): number {
    return unit(this.word());
  }

  /** An integer in [0, n). Its bias is below n / 2^32, which no experiment here can notice. */
  int(n: number): number {
    if (!(n >= 1 && n <= 2 ** 32)) throw new Error(`Random.int(): n must be from 1 to 2^32, got ${n}`);
    return Math.floor((this.word() * Math.floor(n)) / 2 ** 32);
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.int(high - low + 1);
  }

  /** One element of an array. */
  pick<T>(array: readonly T[]): T {
    if (array.length === 0) throw new Error('Random.pick(): the array is empty');
    return array[this.int(array.length)]!;
  }

  /** Shuffles an array in place (Fisher-Yates) and returns it. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const held = array[i]!;
      array[i] = array[j]!;
      array[j] = held;
    }
    return array;
  }
}

/**
 * An independent sequence for a seed and up to three stream numbers (for instance a purpose, an epoch and
 * an index); equal arguments give equal sequences.
 */
export function random(seed: number, stream = 0, substream = 0, index = 0): Random {
  return new Random(seedKey(seed), [stream >>> 0, substream >>> 0, index >>> 0]);
}
