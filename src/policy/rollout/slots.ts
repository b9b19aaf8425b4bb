/** One row of a dispatch, by the names that the programs use. */
export interface Slot {
  /** Its place in the cache. */
  row: number;
  /** Its prompt: place in the cache, where its tokens begin, and how many of them the cache holds. */
  prompt: number;
  offset: number;
  prefix: number;
  /** Counter of its random numbers. */
  draw: number;
  /** The token that it reads next. */
  next: number;
}

/** In the order of a slot's words. */
export const SLOT_FIELDS = ['row', 'prompt', 'offset', 'prefix', 'draw', 'next'] as const;

/** Row of an idle slot. */
export const NOBODY = -1;

/**
 * The slots of a dispatch as words, filled up with idle ones to `count`. An idle one has the last one's prompt, so
 * that the rows beside it still share what they read.
 */
export function slotWords(slots: readonly Slot[], count: number): Int32Array {
  const idle = { ...slots.at(-1)!, row: NOBODY };
  const all = [...slots, ...new Array<Slot>(count - slots.length).fill(idle)];
  return Int32Array.from(all.flatMap((slot) => SLOT_FIELDS.map((field) => slot[field])));
}
