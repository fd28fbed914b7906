/**
 * Reads and writes safetensors, the file format of published model weights: a length, a JSON header,
 * raw numbers.
 *
 * A weights file comes from a stranger, so nothing that it says is believed: every range is checked
 * against the bytes that are there before a single number is looked at, and the ranges must cover the
 * data exactly, so that nothing can hide between them. Half precision is widened to float32, and 64-bit
 * integers become int32 or are refused, because those two types are all that the model computes with.
 *
 * @see https://github.com/huggingface/safetensors#format
 *
 * @module
 */

import type { HostTensor } from "../wall/tensor.ts";
import { invalid, METADATA, type Place, readHeader, show } from "./safetensors_header.ts";

/** What a safetensors file holds. */
export interface Safetensors {
  /** The tensors in the order of their places in the file. */
  readonly tensors: Map<string, HostTensor>;
  /** The texts under `__metadata__`, without a prototype, so that no name can be mistaken for a method. */
  readonly metadata: Record<string, string>;
}

/**
 * Reads the tensors of a file. F32, F16 and BF16 become float32; I32 and I64 become int32.
 *
 * The tensors may look into `bytes` instead of copying them: change neither while the other is in use.
 *
 * @param bytes the whole file
 * @param file the file's name, for error messages
 *
 * @throws {KBertError} `weights/invalid` if the file is damaged, or holds other types than these.
 * @example Half precision comes back as float32
 * ```ts
 * import { readSafetensors } from "./safetensors.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const header = '{"bias":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}'.padEnd(64);
 * const bytes = new Uint8Array([64, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header), 0, 0x3c, 0, 0xc1]);
 *
 * assertEquals(readSafetensors(bytes, "model.safetensors").tensors.get("bias"), {
 *   dtype: "float32",
 *   shape: [2],
 *   data: new Float32Array([1, -2.5]),
 * });
 * ```
 */
export function readSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const { places, metadata, dataStart } = readHeader(bytes, file);
  const tensors = new Map<string, HostTensor>();
  for (const { name, type, shape, begin, end } of places) {
    const place = bytes.subarray(dataStart + begin, dataStart + end);
    const data = type === "I64" ? narrow(place, name, file) : DECODERS[type](place);
    tensors.set(name, { dtype: data instanceof Int32Array ? "int32" : "float32", shape, data });
  }
  return { tensors, metadata };
}

/**
 * Writes tensors as F32 and I32. The same tensors give the same bytes, in whatever order they come.
 *
 * @param tensors names and tensors; they stay the caller's
 * @param metadata texts for `__metadata__`; none leaves it out
 *
 * @throws {RangeError} if a tensor has not as many numbers as its shape has places, or the name is taken.
 * @example There and back
 * ```ts
 * import { readSafetensors, writeSafetensors } from "./safetensors.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const bias = { dtype: "float32", shape: [3], data: new Float32Array([1, 2, 3]) } as const;
 * const bytes = writeSafetensors(new Map([["bias", bias]]), { format: "pt" });
 *
 * assertEquals(readSafetensors(bytes, "model.safetensors").tensors.get("bias"), bias);
 * ```
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(byName);
  const texts = Object.entries(metadata).sort(byName);
  const fields = texts.length === 0 ? [] : [field(METADATA, `{${texts.map(textField).join(",")}}`)];
  let end = 0;
  for (const [name, tensor] of sorted) {
    checkWritable(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    const dtype = tensor.dtype === "int32" ? "I32" : "F32";
    fields.push(field(name, JSON.stringify({ dtype, shape: tensor.shape, data_offsets: [begin, end] })));
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const start = Math.ceil((8 + json.length) / 8) * 8; // readers that map the file want aligned numbers

  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  let at = start;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** Bytes of each type as numbers. The format is little-endian, as is every machine that Deno runs on. */
const DECODERS: Record<Exclude<Place["type"], "I64">, (bytes: Uint8Array) => HostTensor["data"]> = {
  F32: (bytes) => view(Float32Array, bytes),
  F16: (bytes) => new Float32Array(view(Float16Array, bytes)),
  BF16: widenBfloat16,
  I32: (bytes) => view(Int32Array, bytes),
};

/** The bytes where they are, or a copy of them where the machine could not read them in place. */
function view<Numbers>(
  type: { new (buffer: ArrayBufferLike, start: number, length: number): Numbers; BYTES_PER_ELEMENT: number },
  bytes: Uint8Array,
): Numbers {
  const size = type.BYTES_PER_ELEMENT;
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new type(buffer, byteOffset, byteLength / size);
}

/** A bfloat16 is the upper half of a float32. */
function widenBfloat16(bytes: Uint8Array): Float32Array {
  const bits = new Uint32Array(view(Uint16Array, bytes));
  for (let at = 0; at < bits.length; at++) bits[at] = bits[at]! << 16;
  return new Float32Array(bits.buffer);
}

/** Lower halves, provided that each upper half is nothing but the sign. */
function narrow(bytes: Uint8Array, name: string, file: string): Int32Array {
  const halves = view(Int32Array, bytes);
  const numbers = new Int32Array(halves.length / 2);
  for (let at = 0; at < numbers.length; at++) {
    const low = halves[2 * at]!;
    if (halves[2 * at + 1] !== low >> 31) {
      const value = new DataView(bytes.buffer, bytes.byteOffset + 8 * at).getBigInt64(0, true);
      throw invalid(file, `${show(name)} holds ${value}, and only integers of 32 bits can be used`);
    }
    numbers[at] = low;
  }
  return numbers;
}

function checkWritable(name: string, { dtype, shape, data }: HostTensor): void {
  if (name === METADATA) {
    throw new RangeError(`Cannot write a tensor named "${METADATA}": the format keeps it`);
  }
  const places = shape.reduce((count, size) => count * size, 1);
  if (places !== data.length || (dtype === "int32") !== data instanceof Int32Array) {
    throw new RangeError(
      `Cannot write "${name}" as ${dtype} of shape [${shape}]: it has ${data.length} numbers in a ` +
        `${data.constructor.name} and needs ${places}`,
    );
  }
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

/** Written by hand, because an object would put names like "12" first and lose "__proto__". */
function field(name: string, json: string): string {
  return `${JSON.stringify(name)}:${json}`;
}

function textField([name, text]: readonly [string, string]): string {
  return field(name, JSON.stringify(text));
}
