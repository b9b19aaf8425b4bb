import { crc32c } from './crc32.ts';
import type { RunData } from './run_data.ts';

const utf8 = new TextEncoder();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A whole number below 2^53 in base 128, lowest digits first (protobuf's varint). */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

// Protobuf fields: key (number and wire type), then the value.
const int = (field: number, value: number) => joined([varint(field << 3), varint(value)]);
const bytes = (field: number, value: Uint8Array) =>
  joined([varint((field << 3) | 2), varint(value.length), value]);
const text = (field: number, value: string) => bytes(field, utf8.encode(value));

function double(field: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return joined([varint((field << 3) | 1), new Uint8Array(view.buffer)]);
}

function float(field: number, value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return joined([varint((field << 3) | 5), new Uint8Array(view.buffer)]);
}

/** TFRecord's checksum: rotated, and moved, so that a checksum of data with checksums in it is sound. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One record of a TFRecord file: length (u64), its checksum, the data, its checksum. */
function record(data: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(12));
  head.setBigUint64(0, BigInt(data.length), true);
  head.setUint32(8, maskedCrc(new Uint8Array(head.buffer, 0, 8)), true);
  const tail = new DataView(new ArrayBuffer(4));
  tail.setUint32(0, maskedCrc(data), true);
  return joined([new Uint8Array(head.buffer), data, new Uint8Array(tail.buffer)]);
}

/** `Event` of tensorflow/core/util/event.proto with a `Summary` of scalars. */
function scalarsEvent(
  time: number,
  step: number,
  scalars: [tag: string, value: number | null][],
): Uint8Array {
  const values = scalars
    .filter(([, value]) => value !== null)
    .map(([tag, value]) => bytes(1, joined([text(1, tag), float(2, value!)])));
  return joined([double(1, time), int(2, step), bytes(5, joined(values))]);
}

/** `Event` with a text for the Text tab: a string tensor of the plugin `text`. */
function textEvent(time: number, tag: string, content: string): Uint8Array {
  const DT_STRING = 7;
  const tensor = joined([int(1, DT_STRING), bytes(2, new Uint8Array()), text(8, content)]);
  const metadata = bytes(1, text(1, 'text'));
  const value = joined([text(1, tag), bytes(8, tensor), bytes(9, metadata)]);
  return joined([double(1, time), int(2, 0), bytes(5, bytes(1, value))]);
}

/**
 * A run as a TensorBoard event file: every metric under its own name, held-out measures as
 * `evaluation/<measure>`, the configuration as a text. Name it `events.out.tfevents.<anything>`.
 * @param began when the run began, in seconds since 1970; later times follow from the measured ones
 */
export function tensorboardEvents(run: RunData, began: number): Uint8Array {
  const { before, during = [], after } = run.evaluations;
  const evaluations = [before, ...during, after].filter((one) => one !== undefined);
  let time = began;
  const evaluationsAt = (step: number): Uint8Array[] =>
    evaluations
      .filter((one) => one.step === step)
      .map(({ measures, seconds }) => {
        time += seconds;
        const scalars = Object.entries(measures).map(([name, { value }]): [string, number] => [
          `evaluation/${name}`,
          value,
        ]);
        return scalarsEvent(time, step, scalars);
      });
  const settings = Object.entries(run.config).map(([key, value]) => `| ${key} | ${value} |\n`);
  const events = [
    joined([double(1, began), text(3, 'brain.Event:2')]),
    textEvent(began, 'config', `| key | value |\n|---|---|\n${settings.join('')}`),
    ...evaluationsAt(0),
  ];
  for (const { step, ...metrics } of run.metrics) {
    time += metrics.step_time ?? 0;
    events.push(scalarsEvent(time, step, Object.entries(metrics)), ...evaluationsAt(step));
  }
  return joined(events.map(record));
}
