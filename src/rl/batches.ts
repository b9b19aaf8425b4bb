import { type Packed, pack } from '../tensor/packed.ts';

/** Tokens of one forward and backward pass; more would fall out of the caches. */
export const MICRO_BATCH_TOKENS = 4096;

/** A prompt with one completion. */
export interface Sequence {
  prompt: readonly number[];
  completion: readonly number[];
}

/** Packed sequences and where their completions are. */
export interface TokenBatch {
  packed: Packed;
  /** For each completion token the row whose logits predict it. */
  rows: Int32Array;
  /** The completion tokens. */
  targets: Int32Array;
}

/** Packs prompts with their completions; the last token needs no row of its own, for nothing follows it. */
export function tokenBatch(sequences: readonly Sequence[]): TokenBatch {
  const packed = pack(sequences.map(({ prompt, completion }) => [...prompt, ...completion.slice(0, -1)]));
  const count = sequences.reduce((sum, { completion }) => sum + completion.length, 0);
  const rows = new Int32Array(count);
  const targets = new Int32Array(count);
  let at = 0;
  sequences.forEach(({ prompt, completion }, i) => {
    completion.forEach((token, j) => {
      rows[at] = packed.starts[i] + prompt.length - 1 + j;
      targets[at] = token;
      at++;
    });
  });
  return { packed, rows, targets };
}

/** Splits items, in order, into runs of at most `budget` tokens (at least one item each): small enough for caches. */
export function microBatches<T extends Sequence>(items: readonly T[], budget: number): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = item.prompt.length + item.completion.length;
    if (size > room || batches.length === 0) {
      batches.push([]);
      room = budget;
    }
    batches.at(-1)!.push(item);
    room -= size;
  }
  return batches;
}
