import {
  C_STACK_BYTES,
  CONSTANT_BYTES,
  type EngineExports,
  EVAL_STRICT_SCRIPT,
  engineExports,
  engineImports,
} from './abi.ts';
import { CALL_STACK_BYTES, MEMORY_PAGES, STACK_BYTES } from './limits.ts';

/** Address of a value inside the engine. */
export type Handle = number;

/** Whose code is evaluated: stack traces name `program.js` or `guest.js`. */
export type Origin = 'program' | 'guest';

/** A copy of everything that the engine changes; {@link Engine.save} makes room in it as needed. */
export class Image {
  bytes = new Uint8Array(0);
  length = 0;
}

/**
 * The C stack grows down from 5.3 MB to 90 KB and the engine uses at most its top 128 KB, so the middle is free
 * for buffers that need no malloc and no place in the images.
 */
export const SCRATCH = {
  code: 0x100000,
  codeBytes: 0x180000,
  arguments: 0x2f0000,
  trace: 0x300000,
  hits: 0x3c0000,
};

const LETTER_F = 'f'.charCodeAt(0);
/** Up to this length a loop reads plain text faster than the decoder. */
const SHORT_TEXT = 64;
/** Arguments of one call. */
export const MAX_ARGUMENTS = (SCRATCH.trace - SCRATCH.arguments) / 4;
const MAX_FUEL = 0x7fffffff;
const PROBE_BYTES = [1 << 20, 3 << 19];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One QuickJS context in one wasm instance, reset by copying its memory back. */
export class Engine {
  readonly memory: WebAssembly.Memory;
  /** Set when an allocation failed since it was last cleared. */
  exhausted = false;
  readonly #api: EngineExports;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #context: number;
  readonly #undefined: Handle;
  readonly #fileNames: Record<Origin, number>;
  readonly #exceptionTag: number;
  readonly #integerTag: number;
  readonly #stack: number;
  readonly #constants: Uint8Array;
  readonly #staticEnd: number;
  readonly #topAddress: number;

  private constructor(
    memory: WebAssembly.Memory,
    instance: WebAssembly.Instance,
    onExhausted: { call(): void },
  ) {
    this.memory = memory;
    onExhausted.call = () => {
      this.exhausted = true;
    };
    this.#api = engineExports(instance);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
    this.#api.initialize();
    this.#stack = this.#api.stackSave();
    const runtime = this.#api.newRuntime();
    this.#api.setMaxStackSize(runtime, STACK_BYTES);
    this.#context = this.#api.newContext(runtime, 0);
    this.#undefined = this.#api.getUndefined();
    this.#fileNames = { program: this.#constant('program.js'), guest: this.#constant('guest.js') };
    this.#staticEnd = this.#stack - C_STACK_BYTES;
    if (
      this.#bytes.subarray(this.#staticEnd, this.#staticEnd + C_STACK_BYTES / 2).some((byte) => byte !== 0)
    ) {
      throw new Error('engine: static data reaches into what should be the C stack');
    }
    this.#topAddress = this.#findTop();
    this.#integerTag = this.#tag(this.evaluate('7'));
    this.#exceptionTag = this.#tag(this.evaluate('throw 7'));
    if (this.#exceptionTag === this.#integerTag || this.integer(this.evaluate('-7')) !== -7)
      throw new Error('engine: values do not look as expected in memory');
    this.#constants = this.#bytes.slice(0, CONSTANT_BYTES);
  }

  /** Starts an engine from the compiled `generated/quickjs.wasm`. */
  static async create(module: WebAssembly.Module): Promise<Engine> {
    const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
    const onExhausted = { call() {} };
    const instance = await WebAssembly.instantiate(
      module,
      engineImports(memory, () => onExhausted.call()),
    );
    return new Engine(memory, instance, onExhausted);
  }

  /** Fuel left; every loop turn takes one and the engine traps when there is none. */
  get fuel(): number {
    return this.#api.fuel.value as number;
  }

  set fuel(units: number) {
    this.#api.fuel.value = units;
  }

  /** Whether calls went deeper than any host's stack is trusted with. */
  get overflowed(): boolean {
    return this.stack < 0;
  }

  /** Room left for calls inside the engine; it traps when there is none. */
  get stack(): number {
    return this.#api.stack.value as number;
  }

  /** Lifts the limit for work that is ours, not a program's. */
  unlimited(): void {
    this.fuel = MAX_FUEL;
  }

  /** Whether a text can be evaluated, at up to three bytes a character. */
  fits(code: string): boolean {
    return code.length * 3 < SCRATCH.codeBytes;
  }

  /** Evaluates a strict script; the outcome may be an exception. */
  evaluate(code: string, origin: Origin = 'guest'): Handle {
    const length = this.#write(code, SCRATCH.code, SCRATCH.codeBytes);
    return this.#api.evaluate(
      this.#context,
      SCRATCH.code,
      length,
      this.#fileNames[origin],
      0,
      EVAL_STRICT_SCRIPT,
    );
  }

  /** Calls a function with no `this`; the outcome may be an exception. */
  call(callee: Handle, args: readonly Handle[]): Handle {
    for (let i = 0; i < args.length; i++) this.#words[(SCRATCH.arguments >> 2) + i] = args[i];
    return this.#api.call(this.#context, callee, this.#undefined, args.length, SCRATCH.arguments);
  }

  /** The thrown value when `outcome` is an exception, else 0. Without memory to tell, `undefined` was thrown. */
  exception(outcome: Handle): Handle {
    if (outcome !== 0 && this.#tag(outcome) !== this.#exceptionTag) return 0;
    return this.#api.resolveException(this.#context, outcome) || this.#undefined;
  }

  /** The value of a small integer, read where it lies; undefined for every other value. */
  integer(handle: Handle): number | undefined {
    return this.#tag(handle) === this.#integerTag ? this.#words[handle >> 2] | 0 : undefined;
  }

  isFunction(handle: Handle): boolean {
    // The engine answers with the word as C text.
    return this.#bytes[this.#api.typeOf(this.#context, handle)] === LETTER_F;
  }

  /** An element of an array made by our own code. */
  element(array: Handle, index: number): Handle {
    return this.#api.getPropNumber(this.#context, array, index);
  }

  /** An ArrayBuffer over scratch memory, which both sides see without copying. */
  sharedBuffer(address: number, bytes: number): Handle {
    return this.#api.newArrayBuffer(this.#context, address, bytes);
  }

  /** The text of a string value, or undefined when there was no memory to write it. */
  string(handle: Handle): string | undefined {
    const start = this.#api.getString(this.#context, handle);
    if (start === 0) return undefined;
    const end = this.#bytes.indexOf(0, start);
    if (end - start > SHORT_TEXT) return decoder.decode(this.#bytes.subarray(start, end));
    let text = '';
    for (let at = start; at < end; at++) {
      const byte = this.#bytes[at];
      if (byte >= 0x80) return decoder.decode(this.#bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Copies the engine's state into `image`. */
  save(image: Image): void {
    const top = this.#words[this.#topAddress >> 2] + 16;
    const statics = this.#staticEnd - CONSTANT_BYTES;
    image.length = statics + top - this.#stack;
    if (image.bytes.length < image.length) image.bytes = new Uint8Array(image.length);
    image.bytes.set(this.#bytes.subarray(CONSTANT_BYTES, this.#staticEnd));
    image.bytes.set(this.#bytes.subarray(this.#stack, top), statics);
  }

  /** Puts a saved state back, whatever happened since: traps, exhausted memory, host stack overflow. */
  restore(image: Image): void {
    const statics = this.#staticEnd - CONSTANT_BYTES;
    this.#bytes.set(image.bytes.subarray(0, statics), CONSTANT_BYTES);
    this.#bytes.set(image.bytes.subarray(statics, image.length), this.#stack);
    this.#api.stackRestore(this.#stack);
    this.#api.stack.value = CALL_STACK_BYTES;
    this.exhausted = false;
  }

  /** Puts back what nothing but an error in the engine could have changed. */
  heal(): void {
    this.#bytes.set(this.#constants);
  }

  /** The engine's mark of a value's kind, in the upper half of its eight bytes. */
  #tag(handle: Handle): number {
    return this.#words[(handle >> 2) + 1];
  }

  #constant(text: string): number {
    const address = this.#api.malloc(text.length + 1);
    this.#write(text, address, text.length + 1);
    return address;
  }

  #write(text: string, address: number, room: number): number {
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(address, address + room - 1));
    if (read < text.length) throw new Error(`engine: ${text.length} characters do not fit in ${room} bytes`);
    this.#bytes[address + written] = 0;
    return written;
  }

  /**
   * Finds where the allocator keeps its `top` pointer, which bounds the heap: a block too large for any free
   * list is cut from the top, and freeing it puts the pointer back at the block's header.
   */
  #findTop(): number {
    let candidates: number[] | undefined;
    for (const size of PROBE_BYTES) {
      const block = this.#api.malloc(size);
      if (block === 0) throw new Error('engine: no memory for the allocator probe');
      this.#api.free(block);
      const matches = (address: number) => this.#words[address >> 2] === block - 8;
      candidates = candidates?.filter(matches) ?? addressesBelow(this.#staticEnd).filter(matches);
      // Moves the top so that the next probe tells the pointer from a stale copy of it.
      this.#api.malloc(4096);
    }
    if (candidates?.length !== 1) {
      throw new Error(`engine: ${candidates?.length} places look like the allocator's top, expected 1`);
    }
    return candidates[0];
  }
}

function addressesBelow(end: number): number[] {
  return Array.from({ length: end >> 2 }, (_, i) => i << 2);
}
