import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCheckpoint, type PolicyFiles, saveCheckpoint } from './checkpoint.ts';
import type { PolicyConfig } from './config.ts';
import { initialWeights } from './policy.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { createTokenizer } from './tokenizer.ts';

const tokenizer = createTokenizer();
const shape: PolicyConfig = {
  vocab_size: tokenizer.vocabSize,
  hidden_size: 16,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};
const files = saveCheckpoint(shape, initialWeights(shape, 1), tokenizer);
const utf8 = (text: string) => new TextEncoder().encode(text);
const parsed = (name: string) => JSON.parse(new TextDecoder().decode(files[name]));

/** Says so in words of ours, or reads a whole policy; never anything between. */
function loadsOrSaysWhy(broken: PolicyFiles): void {
  try {
    const { config, weights } = loadCheckpoint(broken);
    expect(weights.every(Number.isFinite)).toBe(true);
    expect(config.vocab_size).toBe(tokenizer.vocabSize);
  } catch (error) {
    expect((error as Error).message).toMatch(
      /^(loadCheckpoint|readSafetensors|loadTokenizer)\(\): |^policy config: /,
    );
  }
}

/** Values that break readers: wrong kinds, limits of numbers, names with a meaning. */
const hostile = fc.oneof(
  fc.json().map((text) => JSON.parse(text)),
  fc.constantFrom(null, -1, 0, 0.5, 2 ** 31, 2 ** 53, 1e308, '', '__proto__', [], {}, [[]], true),
);

/** Every place in a JSON value, as a path of keys. */
function placesOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

describe('a broken checkpoint is a clear error', () => {
  test.each(['config.json', 'tokenizer.json', 'generation_config.json'])(
    'any value anywhere in %s',
    { timeout: 60_000 },
    (name) => {
      const json = parsed(name);
      // One of many tokens stands for all.
      const places = placesOf(json).filter(
        (place) => place[1] !== 'vocab' || place.length < 3 || place[2]! < '!',
      );
      fc.assert(
        fc.property(fc.constantFrom(...places), hostile, (place, value) => {
          loadsOrSaysWhy({ ...files, [name]: utf8(JSON.stringify(replaced(json, place, value))) });
        }),
        { numRuns: 300 },
      );
    },
  );

  test.each(['config.json', 'tokenizer.json', 'model.safetensors'])(
    'any bytes anywhere in %s',
    { timeout: 60_000 },
    (name) => {
      // Where the structure is, most damage should be.
      const at = fc.oneof(fc.nat(20), fc.nat(1200), fc.nat(files[name]!.length - 1));
      const damage = fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(damage, fc.option(fc.nat(files[name]!.length), { freq: 3 }), (changes, cut) => {
          const bytes = files[name]!.slice(0, cut ?? undefined);
          for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value;
          loadsOrSaysWhy({ ...files, [name]: bytes });
        }),
        { numRuns: 300 },
      );
    },
  );

  test('any header of model.safetensors', () => {
    const weights = files['model.safetensors']!;
    const size = Number(new DataView(weights.buffer, weights.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(weights.subarray(8, 8 + size)));
    fc.assert(
      fc.property(fc.constantFrom(...placesOf(header)), hostile, (place, value) => {
        const json = utf8(JSON.stringify(replaced(header, place, value)));
        const broken = new Uint8Array(8 + json.length + weights.length - 8 - size);
        new DataView(broken.buffer).setBigUint64(0, BigInt(json.length), true);
        broken.set(json, 8);
        broken.set(weights.subarray(8 + size), 8 + json.length);
        loadsOrSaysWhy({ ...files, 'model.safetensors': broken });
      }),
      { numRuns: 300 },
    );
  });
});

describe('safetensors', () => {
  const tensors = [
    { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    { name: 'b', shape: [], data: Float32Array.of(5) },
    { name: 'c', shape: [0, 7], data: new Float32Array() },
  ];

  test('come back, whatever their shapes and wherever the file begins', () => {
    const file = writeSafetensors(tensors);
    const inside = new Uint8Array(file.length + 3);
    inside.set(file, 3);
    for (const bytes of [file, inside.subarray(3)])
      expect([...readSafetensors(bytes).values()]).toEqual(tensors);
  });

  const header = (entries: object) => {
    const json = utf8(JSON.stringify(entries));
    const file = new Uint8Array(8 + json.length + 8);
    new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
    file.set(json, 8);
    return file;
  };
  const wrong: [what: string, entries: object, message: RegExp][] = [
    [
      'overlap',
      {
        a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
        b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] },
      },
      /b begins at byte 4, expected 8/,
    ],
    ['a hole', { a: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, /begins at byte 4, expected 0/],
    ['bytes left over', { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, /4 bytes follow/],
    [
      'data behind the end',
      { a: { dtype: 'F32', shape: [3], data_offsets: [0, 12] } },
      /ends at byte 12, but there are 8/,
    ],
    [
      'another dtype',
      { a: { dtype: 'BF16', shape: [4], data_offsets: [0, 8] } },
      /dtype "BF16", only "F32" is read/,
    ],
    [
      'a size that overflows',
      { a: { dtype: 'F32', shape: [2 ** 31, 2 ** 31, 4], data_offsets: [0, 8] } },
      /needs .* bytes, but has 8/,
    ],
    ['a negative size', { a: { dtype: 'F32', shape: [-2], data_offsets: [0, 8] } }, /shape \[-2\]/],
    [
      'an offset that is no integer',
      { a: { dtype: 'F32', shape: [2], data_offsets: [0.5, 8.5] } },
      /offsets/,
    ],
  ];
  test.each(wrong)('%s', (_, entries, message) => {
    expect(() => readSafetensors(header(entries))).toThrow(message);
  });
});
