import type { Split } from './types.ts';

/**
 * A stable 32-bit hash of a text: FNV-1a over UTF-16 code units, then MurmurHash3's finaliser, because
 * FNV alone hardly moves its upper bits for texts that differ in their last character.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Shares of the splits; changing one changes which tasks are held out, and so every published figure. */
export const HELDOUT_SHARE = 0.15;
export const SFT_SHARE = 0.425;
export const VALIDATION_SHARE = 0.05;

/**
 * The split that a composition belongs to, for ever: by hash, so splits never share a composition. Settings are chosen
 * by the validation tasks, so that the held-out ones judge a choice that they had no part in.
 */
export function compositionSplit(key: string): Split {
  const position = hashText(key) / 2 ** 32;
  if (position < HELDOUT_SHARE) return 'heldout';
  if (position < HELDOUT_SHARE + SFT_SHARE) return 'sft';
  return position < 1 - VALIDATION_SHARE ? 'rl' : 'validation';
}
