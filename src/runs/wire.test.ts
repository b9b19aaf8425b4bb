import { expect, it } from 'vitest';
import { decodeWire, encodeWire } from './wire.ts';

it('carries byte arrays of any size and plain values', () => {
  const bytes = Uint8Array.from({ length: 100_003 }, (_, i) => (i * 31) & 255);
  const message = {
    type: 'policy',
    files: { 'a.bin': bytes, empty: new Uint8Array() },
    list: [1, null, 'é'],
  };
  expect(decodeWire(encodeWire(message))).toEqual(message);
});

it('carries numbers that JSON has no word for as null', () => {
  expect(decodeWire(encodeWire({ loss: Number.NaN }))).toEqual({ loss: null });
});
