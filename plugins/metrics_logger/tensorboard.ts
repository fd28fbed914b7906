/**
 * Event files of TensorBoard, written by hand: a frame of TFRecord around each `Event` of protocol buffers.
 *
 * The three messages that scalars need have seven fields, so there is no library for them here. A moment's
 * figures have its name before theirs (`epoch_end/loss`), because a loss of one batch and the mean of an epoch
 * are two curves. A figure is a float32 in these files.
 *
 * @see https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto
 * @see https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 * @see https://protobuf.dev/programming-guides/encoding/
 * @module
 */
import { crc32c } from "./crc32c.ts";
import { type LogFormat, type Moment, partNumber } from "./log_format.ts";

/**
 * Files `events.out.tfevents.<seconds>.kbert`, and the same with `.00001` and so on for those that follow.
 *
 * TensorBoard reads all files of a folder in the order of their names, and keeps each open: what was put in
 * the place of one it would not see. So each is written once.
 */
export const TENSORBOARD: LogFormat = {
  fileName(begunMs, part): string {
    const first = `events.out.tfevents.${Math.floor(begunMs / 1_000)}.kbert`;
    return part === 0 ? first : `${first}.${partNumber(part)}`;
  },
  header: (begunMs) => record([...wallTime(begunMs), ...text(3, "brain.Event:2")]),
  encode: scalarsRecord,
  rewrittenUpTo: 0,
};

/**
 * The figures of a moment as one record: `Event { wall_time, step, summary { value { tag, simple_value } } }`.
 *
 * @returns bytes for the end of an event file
 */
export function scalarsRecord({ name, timeMs, step, figures }: Moment): Uint8Array {
  const values = Object.entries(figures).flatMap(([figure, value]) =>
    message(1, [...text(1, `${name}/${figure}`), ...float(2, value)])
  );
  return record([...wallTime(timeMs), ...integer(2, step), ...message(5, values)]);
}

/** In seconds since 1970. */
function wallTime(timeMs: number): number[] {
  return double(1, timeMs / 1_000);
}

/**
 * Length, its check sum, data, its check sum; all little-endian, the length in 64 bits. A frame that was cut
 * off by the end of the file is read when the rest is there.
 */
function record(event: readonly number[]): Uint8Array {
  const data = Uint8Array.from(event);
  const bytes = new Uint8Array(12 + data.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
}

/** TFRecord turns and shifts its sums: the sum of data that has a sum in it would say nothing. */
function masked(crc: number): number {
  return ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;
}

// The fields of protocol buffers: a key, which is the field's number and one of four forms, and the value.

function integer(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function double(field: number, value: number): number[] {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value, true);
  return [...varint(field * 8 + 1), ...new Uint8Array(bytes.buffer)];
}

function message(field: number, bytes: ArrayLike<number> & Iterable<number>): number[] {
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, new TextEncoder().encode(value));
}

function float(field: number, value: number): number[] {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setFloat32(0, value, true);
  return [...varint(field * 8 + 5), ...new Uint8Array(bytes.buffer)];
}

/** Seven bits a byte, the lowest first; by division, because steps may have more than 32 bits. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}
