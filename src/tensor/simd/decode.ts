// Decoding: one position of many sequences through all layers in one call. Rows are independent, so a thread
// carries its rows from the embedding to the drawn token without waiting for another.
//
// Keys and values lie in pages of 16 positions. A page holds, for each layer and head, the keys as
// [headSize, 16] (rotated) and then the values as [16, headSize]. Sequences that begin alike share pages.
import { dotColumns, exponentials, rotate, storeColumn } from './attention';
import { drawToken } from './log_probs';
import { matmul } from './matmul';
import { rmsNorm } from './rms_norm';
import { swiglu } from './swiglu';
import { thread } from './thread';

/** Positions of a page. */
const PAGE: i32 = 16;

/** Rows that go through a layer together: enough for the matrix products, few enough for the cache. */
const BLOCK: i32 = 32;

// Places of the plan, 32-bit words: sizes and byte offsets. Written by wasm_decoder.ts in the same order.
const LAYERS: i32 = 0;
const HIDDEN: i32 = 1;
const INNER: i32 = 2;
const HEADS: i32 = 3;
const VOCABULARY: i32 = 4;
/** Pages of the longest sequence: the stride of the page table. */
const PAGES: i32 = 5;
/** Bytes of scratch a thread. */
const SCRATCH_BYTES: i32 = 6;
const SCRATCH: i32 = 7;
const COS: i32 = 8;
const SIN: i32 = 9;
const EMBEDDING: i32 = 10;
/** The embedding as the packed right operand of the logits. */
const PACKED_EMBEDDING: i32 = 11;
const NORM: i32 = 12;
const CACHE: i32 = 13;
/** Page numbers, [slots, PAGES]. */
const TABLE: i32 = 14;
/** For each row its slot, its token, and where its draws begin (one more entry than rows). */
const SLOTS: i32 = 15;
const TOKENS: i32 = 16;
const DRAWS: i32 = 17;
/** For each draw a number in [0, 1), and room for the token and its log-probability. */
const UNIFORMS: i32 = 18;
const IDS: i32 = 19;
const LOG_PROBS: i32 = 20;
/** Where logits go, [rows, VOCABULARY], of rows that draw; if not 0, nothing is drawn. */
const LOGITS: i32 = 21;
/** Six offsets a layer: attention norm, packed qkv, packed attention out, MLP norm, packed gate and up, packed down. */
const WEIGHTS: i32 = 22;

// @ts-ignore: decorator
@inline
function floats(n: i32): usize {
  return (<usize>n) << 2;
}

// @ts-ignore: decorator
@inline
function word(plan: usize, place: i32): i32 {
  return load<i32>(plan + floats(place));
}

// @ts-ignore: decorator
@inline
function offset(plan: usize, place: i32): usize {
  return load<u32>(plan + floats(place));
}

/** One position of rows [first, last): reads their tokens, extends their caches, draws what is to be drawn. */
export function decodeRows(
  plan: usize, position: i32, epsilon: f32, temperature: f32, first: i32, last: i32,
): void {
  for (let i = first; i < last; i += BLOCK) {
    decodeBlock(plan, position, epsilon, temperature, i, min(BLOCK, last - i));
  }
}

function decodeBlock(plan: usize, position: i32, epsilon: f32, temperature: f32, first: i32, rows: i32): void {
  const d = word(plan, HIDDEN);
  const f = word(plan, INNER);
  const x = offset(plan, SCRATCH) + <usize>thread * offset(plan, SCRATCH_BYTES);
  const y = x + floats(BLOCK * d);
  const inner = y + floats(BLOCK * d);
  const wide = inner + floats(BLOCK * max(d, f));
  const rest = wide + floats(BLOCK * max(3 * d, 2 * f));
  for (let i = 0; i < rows; i++) {
    const token = word(offset(plan, TOKENS), first + i);
    memory.copy(x + floats(i * d), offset(plan, EMBEDDING) + floats(token * d), floats(d));
  }
  for (let layer = 0; layer < word(plan, LAYERS); layer++) {
    const weights = plan + floats(WEIGHTS + 6 * layer);
    rmsNorm(x, offset(weights, 0), y, rest, d, epsilon, 0, rows);
    matmul(y, offset(weights, 1), wide, 3 * d, d, d, 1, 0, rows);
    for (let i = 0; i < rows; i++) {
      attend(plan, layer, position, first + i, wide + floats(3 * d * i), inner + floats(d * i), rest);
    }
    matmul(inner, offset(weights, 2), y, d, d, d, 1, 0, rows);
    addTo(x, y, rows * d);
    rmsNorm(x, offset(weights, 3), y, rest, d, epsilon, 0, rows);
    matmul(y, offset(weights, 4), wide, 2 * f, d, d, 1, 0, rows);
    swiglu(wide, inner, f, 0, rows);
    matmul(inner, offset(weights, 5), y, d, f, f, 1, 0, rows);
    addTo(x, y, rows * d);
  }
  rmsNorm(x, offset(plan, NORM), y, rest, d, epsilon, 0, rows);
  draw(plan, temperature, first, rows, y, rest);
}

/** x += y, floats in fours. */
function addTo(x: usize, y: usize, count: i32): void {
  for (let o: usize = 0; o < floats(count); o += 16) {
    v128.store(x + o, f32x4.add(v128.load(x + o), v128.load(y + o)));
  }
}

/** Adds a row's key and value to its newest page and attends to all of its positions. */
function attend(
  plan: usize, layer: i32, position: i32, row: i32, qkv: usize, out: usize, scratch: usize,
): void {
  const d = word(plan, HIDDEN);
  const heads = word(plan, HEADS);
  const headSize = d / heads;
  const pages = word(plan, PAGES);
  const table = offset(plan, TABLE) + floats(word(offset(plan, SLOTS), row) * pages);
  const scale: f32 = 1 / sqrt<f32>(<f32>headSize);
  const half = floats(PAGE * headSize);
  const pageBytes = <usize>(word(plan, LAYERS) * heads) * half * 2;
  const angle = floats(position * (headSize >> 1));
  const cos = offset(plan, COS) + angle;
  const sin = offset(plan, SIN) + angle;
  const newest = position / PAGE;
  const slot = position % PAGE;
  const scores = scratch;
  const q = scores + floats(PAGE * pages);
  const stats = q + floats(headSize);
  for (let h = 0; h < heads; h++) {
    const head = qkv + floats(h * headSize);
    const cache = offset(plan, CACHE) + <usize>(layer * heads + h) * half * 2;
    const own = cache + <usize>word(table, newest) * pageBytes;
    rotate(head + floats(d), q, cos, sin, headSize, 1);
    storeColumn(q, own + floats(slot), headSize, PAGE);
    memory.copy(own + half + floats(slot * headSize), head + floats(2 * d), floats(headSize));
    rotate(head, q, cos, sin, headSize, 1);
    for (let p = 0; p <= newest; p++) {
      const keys = cache + <usize>word(table, p) * pageBytes;
      dotColumns(q, keys, scores + floats(PAGE * p), headSize, PAGE, PAGE, scale);
    }
    exponentials(scores, position + 1, stats);
    const factor: f32 = 1 / load<f32>(stats, 4);
    sumPages(scores, cache + half, table, pageBytes, out + floats(h * headSize), headSize, position + 1, factor);
  }
}

/** out[headSize] = factor * sum over j < count of weights[j] values[j], values in pages. */
function sumPages(
  weights: usize, values: usize, table: usize, pageBytes: usize, out: usize, headSize: i32, count: i32, factor: f32,
): void {
  const s = f32x4.splat(factor);
  const row = floats(headSize);
  for (let c = 0; c < headSize; c += 16) {
    let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    for (let start = 0; start < count; start += PAGE) {
      let from = values + <usize>word(table, start / PAGE) * pageBytes + floats(c);
      const end = min(start + PAGE, count);
      for (let j = start; j < end; j++) {
        const w = v128.load_splat<f32>(weights + floats(j));
        a0 = f32x4.add(a0, f32x4.mul(w, v128.load(from)));
        a1 = f32x4.add(a1, f32x4.mul(w, v128.load(from, 16)));
        a2 = f32x4.add(a2, f32x4.mul(w, v128.load(from, 32)));
        a3 = f32x4.add(a3, f32x4.mul(w, v128.load(from, 48)));
        from += row;
      }
    }
    const to = out + floats(c);
    v128.store(to, f32x4.mul(a0, s));
    v128.store(to, f32x4.mul(a1, s), 16);
    v128.store(to, f32x4.mul(a2, s), 32);
    v128.store(to, f32x4.mul(a3, s), 48);
  }
}

/** Logits of the rows that draw, and their draws; a row that ends a prompt draws for its whole group. */
function draw(plan: usize, temperature: f32, first: i32, rows: i32, hidden: usize, scratch: usize): void {
  const d = word(plan, HIDDEN);
  const vocabulary = word(plan, VOCABULARY);
  const draws = offset(plan, DRAWS) + floats(first);
  let drawing = 0;
  for (let i = 0; i < rows; i++) {
    if (word(draws, i) == word(draws, i + 1)) continue;
    if (drawing < i) memory.copy(hidden + floats(drawing * d), hidden + floats(i * d), floats(d));
    drawing++;
  }
  if (drawing == 0) return;
  const logits = scratch;
  const weights = logits + floats(BLOCK * vocabulary);
  matmul(hidden, offset(plan, PACKED_EMBEDDING), logits, vocabulary, d, d, 1, 0, drawing);
  const wanted = offset(plan, LOGITS);
  let row = logits;
  for (let i = 0; i < rows; i++) {
    const end = word(draws, i + 1);
    if (word(draws, i) == end) continue;
    if (wanted != 0) {
      memory.copy(wanted + floats((first + i) * vocabulary), row, floats(vocabulary));
      row += floats(vocabulary);
      continue;
    }
    for (let k = word(draws, i); k < end; k++) {
      const o = floats(k);
      drawToken(
        row, load<f32>(offset(plan, UNIFORMS) + o), offset(plan, IDS) + o, offset(plan, LOG_PROBS) + o,
        weights, vocabulary, temperature,
      );
    }
    row += floats(vocabulary);
  }
}
