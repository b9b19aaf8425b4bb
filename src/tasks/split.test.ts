import { describe, expect, it } from 'vitest';
import { compositionSplit, hashText } from './split.ts';
import { SPLITS } from './types.ts';

describe('compositionSplit', () => {
  // Changing the hash moves held-out tasks into training sets of published checkpoints.
  it('is fixed for ever', () => {
    expect(hashText('')).toBe(2872998923);
    expect(hashText('pipelines:add1|even|sum')).toBe(89961279);
  });

  it('shares compositions out as announced, also when they differ in one character', () => {
    const counts = { sft: 0, rl: 0, validation: 0, heldout: 0 };
    for (let i = 0; i < 20000; i++) counts[compositionSplit(`composition ${i}`)] += 1;
    const expected = { sft: 0.425, rl: 0.375, validation: 0.05, heldout: 0.15 };
    for (const split of SPLITS) expect(Math.abs(counts[split] / 20000 - expected[split])).toBeLessThan(0.015);
  });
});
