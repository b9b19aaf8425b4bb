import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packRun, unpackRun } from './archive.ts';
import { exampleRun } from './example_run.ts';
import { writeRun } from './run_data.ts';
import { type Files, readZip, writeZip } from './zip.ts';

const files = writeRun(exampleRun());
const archive = await packRun(files);
const text = (value: string) => new TextEncoder().encode(value);

describe('a run as one file', () => {
  test('comes back as it was', () => {
    const back = unpackRun(archive);
    expect(back.files).toEqual(files);
    expect(writeRun(back.run)).toEqual(files);
    expect(back.run.config).toEqual(exampleRun().config);
  });

  test('is the same for the same run', async () => {
    const shuffled = Object.fromEntries(Object.entries(files).reverse());
    expect(await packRun(shuffled)).toEqual(archive);
  });

  test('may lie in a folder, and may lack what an interrupted run lacks', async () => {
    const foldered = Object.fromEntries(
      Object.entries(files).map(([path, bytes]) => [`my-run/${path}`, bytes]),
    );
    expect(unpackRun(await writeZip(foldered)).files).toEqual(files);
    const begun = { 'config.json': files['config.json'] };
    expect(unpackRun(await packRun(begun)).run).toMatchObject({ metrics: [], rollouts: [], evaluations: {} });
  });

  test('a last line that was cut off is no record', async () => {
    const torn = { ...files, 'metrics.jsonl': files['metrics.jsonl'].slice(0, -9) };
    expect(unpackRun(await packRun(torn)).run.metrics).toHaveLength(3);
  });
});

describe('broken runs', () => {
  const cases: [what: string, change: Files, message: RegExp][] = [
    ['no configuration', { 'config.json': undefined! }, /no config.json/],
    ['an unknown key', { 'config.json': text('{"stepz": 1}') }, /config.json: unknown key "stepz"/],
    ['metrics that are no JSON', { 'metrics.jsonl': text('{"step": 1}\n{oops}\n') }, /metrics.jsonl line 2/],
    ['metrics that are no objects', { 'metrics.jsonl': text('[1]\n') }, /line 1: expected a JSON object/],
    ['a metric that is a text', { 'metrics.jsonl': text('{"step": 1, "loss": "x"}\n') }, /as loss, got "x"/],
    [
      'steps that go back',
      { 'metrics.jsonl': text('{"step": 2}\n{"step": 2}\n') },
      /line 2: .* after 2, got 2/,
    ],
    ['half a rollout', { 'rollouts.jsonl': text('{"step": 1}\n') }, /rollouts.jsonl line 1: .* group/],
    ['text that is no UTF-8', { 'rollouts.jsonl': new Uint8Array([0xff, 10]) }, /rollouts.jsonl: /],
    [
      'an evaluation without measures',
      { 'evaluation.json': text('{"after": {"step": 1, "seconds": 1}}') },
      /measures/,
    ],
    ['half a policy', { 'policy/config.json': undefined! }, /policy\/: .*config.json is missing/],
  ];
  test.each(cases)('%s', (_, change, message) => {
    const broken = Object.entries({ ...files, ...change }).filter(([, bytes]) => bytes !== undefined);
    expect(() => unpackRun(broken.length > 0 ? syncZip(Object.fromEntries(broken)) : archive)).toThrow(
      message,
    );
  });
});

/** A ZIP of stored files, written here once more so that it can be made wrong anywhere. */
function syncZip(
  contents: Files,
  change: (field: { local: DataView; central: DataView; end: DataView }) => void = () => {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  const end = new DataView(new ArrayBuffer(22));
  for (const [path, bytes] of Object.entries(contents)) {
    const name = text(path);
    const local = new DataView(new ArrayBuffer(30));
    const central = new DataView(new ArrayBuffer(46));
    for (const [view, at] of [
      [local, 0],
      [central, 2],
    ] as const) {
      view.setUint32(0, at === 0 ? 0x04034b50 : 0x02014b50, true);
      view.setUint32(14 + at, checksum(bytes), true);
      view.setUint32(18 + at, bytes.length, true);
      view.setUint32(22 + at, bytes.length, true);
      view.setUint16(26 + at, name.length, true);
    }
    central.setUint32(42, offset, true);
    change({ local, central, end });
    parts.push(new Uint8Array(local.buffer), name, bytes);
    directory.push(new Uint8Array(central.buffer), name);
    offset += 30 + name.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  end.setUint32(0, 0x06054b50, true);
  for (const at of [8, 10]) end.setUint16(at, Object.keys(contents).length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return concat([...parts, ...directory, new Uint8Array(end.buffer)]);
}

function concat(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** CRC-32 bit by bit, apart from the table that it checks. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('archives from strangers', () => {
  const one = { 'a.txt': text('hello') };

  test('a plain one is read', () => {
    expect(readZip(syncZip(one))).toEqual(one);
  });

  const paths = [
    '../a',
    '/a',
    'a//b',
    'C:/a',
    'a\\b',
    'a/../b',
    'a/',
    './a',
    'nul.txt',
    'a\u0000b',
    `${'x'.repeat(201)}`,
    'a.',
    'é',
  ];
  test.each(paths)('the path %j is refused', (path) => {
    expect(() => readZip(syncZip({ [path]: text('x') }))).toThrow(/readZip\(\): the path/);
  });

  test('two files may not be one', () => {
    expect(() => readZip(syncZip({ a: text('1'), A: text('2') }))).toThrow(/A is there twice/);
    expect(() => readZip(syncZip({ a: text('1'), 'a/b': text('2') }))).toThrow(
      /a is both a file and a folder/,
    );
  });

  const wrong: [what: string, change: Parameters<typeof syncZip>[1], message: RegExp][] = [
    ['encrypted', ({ central }) => central.setUint16(8, 1, true), /encrypted/],
    ['another method', ({ central }) => central.setUint16(10, 12, true), /method 12/],
    ['sizes that differ', ({ central }) => central.setUint32(24, 6, true), /stored in 5 bytes, but has 6/],
    [
      'an end behind the end',
      ({ central }) => {
        central.setUint32(20, 900, true);
        central.setUint32(24, 900, true);
      },
      /ends at byte/,
    ],
    ['an offset outside', ({ central }) => central.setUint32(42, 1e6, true), /not where it should be/],
    ['another checksum', ({ central }) => central.setUint32(16, 1, true), /another checksum/],
    ['another local name', ({ local }) => local.setUint16(26, 3, true), /another name/],
    ['several parts', ({ end }) => end.setUint16(4, 1, true), /several parts/],
    ['a name too long', ({ central }) => central.setUint16(28, 999, true), /entry 0 of its directory/],
  ];
  test.each(wrong)('%s', (_, change, message) => {
    expect(() => readZip(syncZip(one, change))).toThrow(message);
  });

  test('files that overlap', () => {
    const both = syncZip({ a: text('11111'), a2: text('22222') }, ({ central }) =>
      central.setUint32(42, 0, true),
    );
    expect(() => readZip(both)).toThrow(/another name|overlap/);
  });

  test('a bomb is refused by what it claims, and by what it holds', async () => {
    const zeros = new Uint8Array(40 << 20);
    const bomb = await writeZip({ a: zeros });
    expect(bomb.length).toBeLessThan(200_000);
    expect(() => readZip(bomb)).toThrow(/would unpack to 41943040, more than/);
    const small = await writeZip({ a: zeros.subarray(0, 1 << 20) });
    const view = new DataView(small.buffer, small.byteOffset);
    const end = small.length - 22;
    view.setUint32(view.getUint32(end + 16, true) + 24, 1000, true);
    expect(() => readZip(small)).toThrow(/unpacks to more than the 1000 bytes/);
  });

  test('any damage is found, or harmless', { timeout: 60_000 }, () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const cut = fc.tuple(fc.nat(archive.length), fc.nat(archive.length));
    fc.assert(
      fc.property(damage, fc.option(cut, { freq: 4 }), (changes, range) => {
        const bytes = range ? archive.slice(Math.min(...range), Math.max(...range)) : archive.slice();
        if (bytes.length > 0) for (const [at, value] of changes) bytes[at % bytes.length] = value;
        try {
          expect(unpackRun(bytes).files).toEqual(files);
        } catch (error) {
          expect((error as Error).message).toMatch(/^(readZip|readRun)\(\): /);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON in the place of another is a clear error or a run', { timeout: 60_000 }, () => {
    const names = [
      'config.json',
      'metrics.jsonl',
      'rollouts.jsonl',
      'evaluation.json',
      'policy/config.json',
      'policy/tokenizer.json',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.json(), fc.boolean(), (name, json, ended) => {
        const broken = syncZip({ ...files, [name]: text(json + (ended ? '\n' : '')) });
        try {
          unpackRun(broken);
        } catch (error) {
          expect((error as Error).message).toMatch(/^readRun\(\): /);
        }
      }),
      { numRuns: 200 },
    );
  });
});
