/**
 * Reads event files of TensorBoard, for tests: written from the formats' descriptions, and sharing nothing
 * with what writes them. The check sums are computed bit by bit from the polynomial as it is printed, highest
 * bit first, where the writer has a table for the reversed one.
 *
 * @module
 */

/** What an event file says at one place. */
export interface ReadEvent {
  /** In seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  /** By tag; float32. */
  readonly scalars: Readonly<Record<string, number>>;
}

/**
 * The events of a file, in their order.
 *
 * @throws {Error} for a check sum that is not that of what it is about, for a file that is cut off, and for a
 * field that is not one of scalars
 * @example
 * ```ts
 * import { readEvents } from "./event_file_reader.ts";
 * import { TENSORBOARD } from "./tensorboard.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readEvents(TENSORBOARD.header(1_500)), [
 *   { wallTime: 1.5, step: 0, fileVersion: "brain.Event:2", scalars: {} },
 * ]);
 * ```
 */
export function readEvents(file: Uint8Array): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let offset = 0; offset < file.length;) {
    const view = new DataView(file.buffer, file.byteOffset + offset);
    const length = Number(view.getBigUint64(0, true));
    checkSum(file.subarray(offset, offset + 8), view.getUint32(8, true), `the length at ${offset}`);
    const data = file.subarray(offset + 12, offset + 12 + length);
    checkSum(data, view.getUint32(12 + length, true), `the data at ${offset + 12}`);
    events.push(eventOf(data));
    offset += 12 + length + 4;
  }
  return events;
}

/** CRC-32C by long division of polynomials, highest bit first. */
export function bitwiseCrc32c(bytes: Uint8Array): number {
  const mirrored = (value: number, bits: number): number => {
    let result = 0;
    for (let bit = 0; bit < bits; bit++) if (value & 2 ** bit) result += 2 ** (bits - 1 - bit);
    return result;
  };
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= mirrored(byte, 8) << 24;
    for (let bit = 0; bit < 8; bit++) {
      const carried = remainder < 0; // the highest of 32 bits is the sign
      remainder <<= 1;
      if (carried) remainder ^= 0x1edc6f41;
    }
  }
  return (mirrored(remainder, 32) ^ 0xffffffff) >>> 0;
}

function checkSum(bytes: Uint8Array, found: number, what: string): void {
  const crc = BigInt(bitwiseCrc32c(bytes));
  const rotated = (crc >> 15n | crc << 17n) % 2n ** 32n;
  const expected = Number((rotated + 0xa282ead8n) % 2n ** 32n);
  if (found !== expected) throw new Error(`The check sum of ${what} is ${found}, expected ${expected}`);
}

/** A field of a message as it lies there. */
interface Field {
  readonly number: number;
  /** A varint, or the bytes of any other form. */
  readonly value: bigint | Uint8Array;
}

function eventOf(data: Uint8Array): ReadEvent {
  let [wallTime, step, fileVersion] = [NaN, 0, undefined as string | undefined];
  const scalars: Record<string, number> = {};
  for (const { number, value } of fieldsOf(data)) {
    if (number === 1) wallTime = viewOf(value).getFloat64(0, true);
    else if (number === 2) step = Number(value);
    else if (number === 3) fileVersion = textOf(value);
    else if (number === 5) Object.assign(scalars, scalarsOf(value as Uint8Array));
    else throw new Error(`An event has a field ${number}`);
  }
  return { wallTime, step, ...(fileVersion !== undefined && { fileVersion }), scalars };
}

function scalarsOf(summary: Uint8Array): Record<string, number> {
  return Object.fromEntries(
    fieldsOf(summary).map(({ value }) => {
      const fields = new Map(fieldsOf(value as Uint8Array).map(({ number, value }) => [number, value]));
      return [textOf(fields.get(1)!), viewOf(fields.get(2)!).getFloat32(0, true)];
    }),
  );
}

function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let offset = 0;
  const varint = (): bigint => {
    let result = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = BigInt(message[offset++]!);
      result |= (byte & 127n) << shift;
      if (byte < 128n) return result;
    }
  };
  const take = (length: number): Uint8Array => message.subarray(offset, offset += length);
  while (offset < message.length) {
    const key = Number(varint());
    const form = key % 8;
    if (![0, 1, 2, 5].includes(form)) throw new Error(`A field has the form ${form}`);
    const value = form === 0 ? varint() : take(form === 1 ? 8 : form === 5 ? 4 : Number(varint()));
    fields.push({ number: Math.floor(key / 8), value });
  }
  return fields;
}

function viewOf(value: bigint | Uint8Array): DataView {
  const { buffer, byteOffset, byteLength } = value as Uint8Array;
  return new DataView(buffer, byteOffset, byteLength);
}

function textOf(value: bigint | Uint8Array): string {
  return new TextDecoder().decode(value as Uint8Array);
}
