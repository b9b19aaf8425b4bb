import { expect, test } from 'vitest';
import { microBatches, tokenBatch } from './batches.ts';

test('packs prompts with completions and points at the rows that predict each completion token', () => {
  const { packed, rows, targets } = tokenBatch([
    { prompt: [10, 11], completion: [12, 13, 1] },
    { prompt: [20], completion: [21] },
  ]);
  expect([...packed.tokens]).toEqual([10, 11, 12, 13, 20]);
  expect([...packed.starts]).toEqual([0, 4, 5]);
  expect([...targets]).toEqual([12, 13, 1, 21]);
  expect([...rows]).toEqual([1, 2, 3, 4]);
  rows.forEach((row, i) => {
    if (i < 2) expect(packed.tokens[row + 1]).toBe(targets[i]);
  });
});

test('micro-batches keep order and stay within the budget, one item at least', () => {
  const items = [5, 5, 3, 30, 2].map((length) => ({
    prompt: [1],
    completion: new Array(length - 1).fill(2),
  }));
  const sizes = microBatches(items, 12).map((batch) => batch.map(({ completion }) => completion.length + 1));
  expect(sizes).toEqual([[5, 5], [3], [30], [2]]);
});
