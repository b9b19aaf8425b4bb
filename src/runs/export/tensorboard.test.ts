import { describe, expect, test } from 'vitest';
import { crc32, crc32c } from './crc32.ts';
import { exampleRun } from './example_run.ts';
import { tensorboardEvents } from './tensorboard.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

test('checksums agree with published values', () => {
  // The check value of each CRC, and RFC 3720 B.4.
  expect(crc32(utf8('123456789'))).toBe(0xcbf43926);
  expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

/** Records of a TFRecord file, as its reader checks them. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const unmask = (masked: number) => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  const records: Uint8Array[] = [];
  let at = 0;
  while (at < file.length) {
    const length = Number(view.getBigUint64(at, true));
    expect(unmask(view.getUint32(at + 8, true))).toBe(crc32c(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    expect(unmask(view.getUint32(at + 12 + length, true))).toBe(crc32c(data));
    records.push(data);
    at += 16 + length;
  }
  expect(at).toBe(file.length);
  return records;
}

type Field = number | Uint8Array;

/** Fields of a protobuf message by number, each with its values in order. */
function fieldsOf(message: Uint8Array): Map<number, Field[]> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const fields = new Map<number, Field[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    let value: Field;
    if ((key & 7) === 0) value = varint();
    else if ((key & 7) === 1) value = view.getFloat64((at += 8) - 8, true);
    else if ((key & 7) === 5) value = view.getFloat32((at += 4) - 4, true);
    else {
      const length = varint();
      value = message.subarray(at, (at += length));
    }
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

describe('TensorBoard events', () => {
  const run = exampleRun();
  const events = recordsOf(tensorboardEvents(run, 1000)).map(fieldsOf);
  const scalars = events.flatMap((event) =>
    ((event.get(5) ?? []) as Uint8Array[]).flatMap((summary) =>
      (fieldsOf(summary).get(1) as Uint8Array[]).map(fieldsOf).map((value) => ({
        step: (event.get(2)?.[0] as number) ?? 0,
        time: event.get(1)![0] as number,
        tag: new TextDecoder().decode(value.get(1)![0] as Uint8Array),
        value: value.get(2)?.[0] as number | undefined,
      })),
    ),
  );
  const series = (tag: string) => scalars.filter((one) => one.tag === tag);

  test('begin with the version', () => {
    expect(new TextDecoder().decode(events[0]!.get(3)![0] as Uint8Array)).toBe('brain.Event:2');
  });

  test('hold every metric at its step', () => {
    expect(series('rewards/code/mean').map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    series('reward').forEach(({ value }, i) => {
      expect(value).toBeCloseTo(run.metrics[i]!.reward!, 6);
    });
    expect(series('step')).toEqual([]);
  });

  test('hold held-out measures, with times that only grow', () => {
    expect(series('evaluation/pass@1').map(({ step, time }) => [step, time])).toEqual([
      [0, 1002.5],
      [2, 1007.5],
      [4, 1012.5],
    ]);
  });

  test('leave out what is no number, and write steps beyond 2^31', () => {
    const odd = { ...run, metrics: [{ step: 5_000_000_000, loss: null as unknown as number, reward: 1 }] };
    const last = fieldsOf(recordsOf(tensorboardEvents(odd, 0)).at(-1)!);
    expect(last.get(2)).toEqual([5_000_000_000]);
    expect(fieldsOf(last.get(5)![0] as Uint8Array).get(1)).toHaveLength(1);
  });
});
