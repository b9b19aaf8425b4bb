import { canonical, type Value } from '../program/values.ts';
import { type Engine, type Handle, Image, MAX_ARGUMENTS } from './engine.ts';

/** A job's argument lists inside the engine. */
export interface PreparedInputs {
  /** The engine with the inputs and no program: what both the plain and the traced program load into. */
  image: Image;
  /** The arguments of each call, out of a program's reach until they are passed. */
  calls: Handle[][];
}

/** Lists kept: the programs of a group, and often of a batch, share their tests. */
const KEPT = 16;
/** Larger images are made anew each time. */
const KEPT_BYTES = 512 * 1024;

/** Makes argument lists in the engine, and remembers the last few: equal lists give equal images. */
export class InputStore {
  readonly #engine: Engine;
  readonly #base: Image;
  /** By canonical text, the one used last at the end. */
  readonly #kept = new Map<string, PreparedInputs>();

  /** @param base the engine with neither inputs nor a program */
  constructor(engine: Engine, base: Image) {
    this.#engine = engine;
    this.#base = base;
  }

  /** Argument lists ready to be passed, or undefined when they do not fit in the engine. */
  prepare(inputs: Value[][]): PreparedInputs | undefined {
    const text = canonical(inputs);
    const found = this.#kept.get(text);
    if (found) this.#kept.delete(text);
    const prepared = found ?? this.#make(inputs, text);
    if (prepared && prepared.image.length <= KEPT_BYTES) {
      this.#kept.set(text, prepared);
      if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    }
    return prepared;
  }

  #make(inputs: Value[][], text: string): PreparedInputs | undefined {
    const engine = this.#engine;
    if (!engine.fits(text) || inputs.some((args) => args.length > MAX_ARGUMENTS)) return undefined;
    engine.restore(this.#base);
    engine.unlimited();
    const lists = engine.evaluate(text);
    if (engine.exception(lists)) return undefined;
    const calls = inputs.map((args, i) => {
      const list = engine.element(lists, i);
      return args.map((_, k) => engine.element(list, k));
    });
    if (engine.exhausted) return undefined;
    const image = new Image();
    engine.save(image);
    return { image, calls };
  }
}
