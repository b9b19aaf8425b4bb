/** Reads a byte array in order, with the variable-length integers of the wasm format. */
export class Reader {
  readonly #data: Uint8Array;
  position: number;

  constructor(data: Uint8Array, position = 0) {
    this.#data = data;
    this.position = position;
  }

  get done(): boolean {
    return this.position >= this.#data.length;
  }

  byte(): number {
    if (this.done) throw new Error(`wasm: read past the end at byte ${this.position}`);
    return this.#data[this.position++];
  }

  bytes(length: number): Uint8Array {
    if (this.position + length > this.#data.length) throw new Error(`wasm: ${length} bytes past the end`);
    this.position += length;
    return this.#data.subarray(this.position - length, this.position);
  }

  /** An unsigned LEB128 integer of up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const next = this.byte();
      value += (next & 0x7f) * 2 ** shift;
      if (next < 0x80) return value;
    }
  }

  /** Steps over a LEB128 integer of any sign and width. */
  skipInteger(): void {
    while (this.byte() >= 0x80);
  }
}

/** The unsigned LEB128 bytes of a non-negative integer below 2^32. */
export function encodeUnsigned(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Uint8Array.from(out);
}

/** The signed LEB128 bytes of a non-negative integer below 2^31, as `i32.const` takes them. */
export function encodeSigned(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    if (rest === 0 && low < 0x40) return Uint8Array.from([...out, low]);
    out.push(low | 0x80);
  }
}
