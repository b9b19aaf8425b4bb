import type * as tf from '@tensorflow/tfjs-core';
import type { Drawn } from './sample.ts';
import { addressOf, packedSize, type WasmEngine, wasmEngine } from './wasm_kernels.ts';

/** Positions of a page of keys and values, and rows that go through a layer together: as in simd/decode.ts. */
const PAGE = 16;
const BLOCK = 32;

/** A weight matrix, or a vector as one row: where it begins in the flat parameters, and its shape. */
export interface Place {
  offset: number;
  rows: number;
  columns: number;
}

/** A Llama-shaped network with tied embeddings, as places in its flat parameters. */
export interface DecoderModel {
  parameters: tf.Tensor1D;
  /** [vocabulary, hidden]. */
  embedding: Place;
  norm: Place;
  layers: Record<'attentionNorm' | 'qkv' | 'attentionOut' | 'mlpNorm' | 'gateUp' | 'down', Place>[];
  heads: number;
  epsilon: number;
  cos: tf.Tensor2D;
  sin: tf.Tensor2D;
}

/** What a decoder has room for. */
export interface DecoderRoom {
  /** Sequences at once. */
  slots: number;
  positions: number;
  /** Pages of 16 positions of all sequences together; those that begin alike share pages. */
  pages: number;
  /** Tokens drawn in one step. */
  draws: number;
}

/** Pages that a prompt needs, and `n` sequences that go on from it for at most `more` positions. */
export function pagesFor(prompt: number, n: number, more: number): number {
  const shared = Math.floor(prompt / PAGE);
  return shared + n * (Math.ceil((prompt + more) / PAGE) - shared);
}

/** Many sequences at the same position, decoded by one kernel call a position. */
export interface WasmDecoder {
  /**
   * Reads one token a row and draws from the rows' next-token distributions.
   * @param draws for each row the number of tokens to draw
   * @param uniforms a number in [0, 1) for each draw, row after row
   * @returns one entry a draw
   */
  draw(tokens: Int32Array, draws: Int32Array, uniforms: Float32Array, temperature: number): Drawn;
  /** The same without drawing: logits [rows, vocabulary], of rows that would draw; others are undefined. */
  logits(tokens: Int32Array, draws: Int32Array): Float32Array;
  /** Ends the position: row i goes on as a copy of row from[i]; rows not named are dropped. */
  advance(from: Int32Array): void;
  dispose(): void;
}

/** Lays out one block of memory: gives each piece its byte offset. */
class Layout {
  bytes = 0;

  /** Offset of a piece of that many 32-bit words. */
  words(count: number): number {
    const offset = this.bytes;
    this.bytes += 16 * Math.ceil(count / 4);
    return offset;
  }
}

/** A decoder at position 0 with `rows` empty sequences. */
export function createWasmDecoder(model: DecoderModel, rows: number, room: DecoderRoom): WasmDecoder {
  const engine = wasmEngine();
  const { backend, threads } = engine;
  const { layers, heads, embedding } = model;
  const hidden = embedding.columns;
  const inner = layers[0].down.rows;
  const pagesPerSlot = Math.ceil(room.positions / PAGE);
  const pageWords = layers.length * 2 * hidden * PAGE;
  const scratchWords =
    BLOCK * (2 * hidden + Math.max(hidden, inner) + Math.max(3 * hidden, 2 * inner)) +
    Math.max(BLOCK, PAGE * pagesPerSlot + hidden + 4, (BLOCK + 1) * embedding.rows + 4);

  const layout = new Layout();
  const at = {
    plan: layout.words(PLAN_WORDS + 6 * layers.length),
    table: layout.words(room.slots * pagesPerSlot),
    slots: layout.words(room.slots),
    tokens: layout.words(room.slots),
    draws: layout.words(room.slots + 1),
    uniforms: layout.words(room.draws),
    ids: layout.words(room.draws),
    logProbs: layout.words(room.draws),
    logits: layout.words(room.slots * embedding.rows),
    scratch: layout.words(scratchWords * threads.size),
    weights: layout.words(packedWords(model)),
    cache: layout.words(pageWords * room.pages),
  };
  const block = backend.makeOutput([layout.bytes / 4], 'float32');
  const base = addressOf(engine, block);
  const { memory } = backend.wasm.asm;
  const ints = (offset: number, length: number) => new Int32Array(memory.buffer, base + offset, length);
  const numbers = (offset: number, length: number) => new Float32Array(memory.buffer, base + offset, length);

  const weights = packWeights(engine, model, base + at.weights);
  const plan = [
    layers.length,
    hidden,
    inner,
    heads,
    embedding.rows,
    pagesPerSlot,
    4 * scratchWords,
    base + at.scratch,
    addressOf(engine, model.cos),
    addressOf(engine, model.sin),
    weights.embedding,
    weights.packedEmbedding,
    weights.norm,
    base + at.cache,
    base + at.table,
    base + at.slots,
    base + at.tokens,
    base + at.draws,
    base + at.uniforms,
    base + at.ids,
    base + at.logProbs,
    0,
  ];
  ints(at.plan, plan.length + weights.layers.length).set([...plan, ...weights.layers]);

  const pages = new Pages(room.pages);
  const freeSlots = Array.from({ length: room.slots }, (_, i) => room.slots - 1 - i);
  let slots = Int32Array.from({ length: rows }, () => freeSlots.pop()!);
  let position = 0;
  const perRow = 2 * model.parameters.size;

  /** Runs the step; returns the number of draws. */
  const step = (tokens: Int32Array, draws: Int32Array, temperature: number, wantsLogits: boolean): number => {
    const count = slots.length;
    if (position % PAGE === 0) {
      const table = ints(at.table, room.slots * pagesPerSlot);
      for (const slot of slots) table[slot * pagesPerSlot + position / PAGE] = pages.take();
    }
    ints(at.slots, count).set(slots);
    ints(at.tokens, count).set(tokens);
    const starts = ints(at.draws, count + 1);
    starts[0] = 0;
    for (let i = 0; i < count; i++) starts[i + 1] = starts[i] + draws[i];
    ints(at.plan, PLAN_WORDS)[PLAN_WORDS - 1] = wantsLogits ? base + at.logits : 0;
    threads.run('decodeRows', count, perRow, base + at.plan, position, model.epsilon, temperature);
    return starts[count];
  };

  return {
    draw(tokens, draws, uniforms, temperature) {
      numbers(at.uniforms, uniforms.length).set(uniforms);
      const count = step(tokens, draws, temperature, false);
      return { ids: ints(at.ids, count).slice(), logProbs: numbers(at.logProbs, count).slice() };
    },
    logits(tokens, draws) {
      step(tokens, draws, 1, true);
      return numbers(at.logits, slots.length * embedding.rows).slice();
    },
    advance(from) {
      position++;
      const table = ints(at.table, room.slots * pagesPerSlot);
      const filled = Math.ceil(position / PAGE);
      const owned = (slot: number) => table.subarray(slot * pagesPerSlot, slot * pagesPerSlot + filled);
      const goesOn = new Uint8Array(slots.length);
      for (const row of from) goesOn[row] = 1;
      slots.forEach((slot, row) => {
        if (goesOn[row]) return;
        for (const page of owned(slot)) pages.release(page);
        freeSlots.push(slot);
      });
      const isTaken = new Uint8Array(slots.length);
      slots = from.map((row) => {
        const slot = slots[row];
        if (!isTaken[row]) {
          isTaken[row] = 1;
          return slot;
        }
        const twin = freeSlots.pop();
        if (twin === undefined)
          throw new Error(`WasmDecoder: more than ${room.slots} rows; raise room.slots`);
        const [source, target] = [owned(slot), owned(twin)];
        target.set(source);
        for (const page of source) pages.share(page);
        // Full pages stay shared; the one that is still written to gets a copy.
        if (position % PAGE !== 0) {
          pages.release(source[filled - 1]);
          target[filled - 1] = pages.take();
          const start = (page: number) => base + at.cache + 4 * pageWords * page;
          const end = start(source[filled - 1] + 1);
          backend.wasm.HEAPU8.copyWithin(start(target[filled - 1]), start(source[filled - 1]), end);
        }
        return twin;
      });
    },
    dispose() {
      backend.disposeData(block.dataId);
    },
  };
}

/** Words of the plan before the layers' offsets, as in simd/decode.ts. */
const PLAN_WORDS = 22;

/** Pages that are free, and how many sequences share each of the others. */
class Pages {
  readonly #free: number[];
  readonly #users: Uint16Array;

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, i) => count - 1 - i);
    this.#users = new Uint16Array(count);
  }

  take(): number {
    const page = this.#free.pop();
    if (page === undefined)
      throw new Error(`WasmDecoder: more than ${this.#users.length} pages; raise room.pages`);
    this.#users[page] = 1;
    return page;
  }

  share(page: number): void {
    this.#users[page]++;
  }

  release(page: number): void {
    if (--this.#users[page] === 0) this.#free.push(page);
  }
}

/** Words of all packed matrices, and of copies of what is read as it is. */
function packedWords({ layers, embedding, parameters }: DecoderModel): number {
  const matrices = layers.flatMap(({ qkv, attentionOut, gateUp, down }) => [qkv, attentionOut, gateUp, down]);
  const packed = matrices.reduce((sum, { rows, columns }) => sum + packedSize(rows, columns), 0);
  return parameters.size + packed + packedSize(embedding.columns, embedding.rows);
}

/**
 * Packs the matrices once for all steps, after a copy of the parameters: the optimizer may replace those.
 * @returns byte offsets in the memory; of a layer six, in the plan's order
 */
function packWeights(engine: WasmEngine, model: DecoderModel, to: number) {
  const { parameters, embedding, norm, layers } = model;
  const { backend, threads } = engine;
  const from = addressOf(engine, parameters);
  backend.wasm.HEAPU8.copyWithin(to, from, from + 4 * parameters.size);
  const plain = ({ offset }: Place) => to + 4 * offset;
  let end = to + 4 * parameters.size;
  const pack = (place: Place, k: number, n: number, down: number, right: number) => {
    const packed = end;
    threads.run('packPanels', Math.ceil(n / 8), 8 * k, plain(place), packed, k, n, down, right);
    end += 4 * packedSize(k, n);
    return packed;
  };
  const matrix = (place: Place) => pack(place, place.rows, place.columns, place.columns, 1);
  return {
    embedding: plain(embedding),
    packedEmbedding: pack(embedding, embedding.columns, embedding.rows, 1, embedding.columns),
    norm: plain(norm),
    layers: layers.flatMap((layer) => [
      plain(layer.attentionNorm),
      matrix(layer.qkv),
      matrix(layer.attentionOut),
      plain(layer.mlpNorm),
      matrix(layer.gateUp),
      matrix(layer.down),
    ]),
  };
}
