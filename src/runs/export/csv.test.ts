import { expect, test } from 'vitest';
import { toCsv } from './csv.ts';

test('a line a record, every key a column, quoted where needed', () => {
  const records = [
    { step: 1, reward: 0.25 },
    { step: 2, 'kl, mean': null, reward: Number.NaN, note: 'a "b"\nc' },
  ];
  expect(toCsv(records)).toBe('step,reward,"kl, mean",note\n1,0.25,,\n2,,,"a ""b""\nc"\n');
});
