/**
 * Whether a wasm module's memory is shared between threads: one byte of the module, which is set here.
 *
 * tfjs' single-threaded module has a memory of its own, and its glue starts threads only as classic workers,
 * which Deno does not have. With that byte set the same module runs as before, on memory that instances of our
 * own kernels in other threads see too. Only that byte is touched, and only where it is what it has to be.
 *
 * @module
 */

/** Sections of a module that declare a memory. */
const IMPORTS = 2;
const MEMORIES = 5;
/** The kind of an import that is a memory. */
const MEMORY_KIND = 2;
/** Flags of a memory's limits: it has a maximum, and it is shared too. */
const [BOUNDED, SHARED] = [1, 3];

/**
 * Sets the flag of the one memory that a module has or imports, in place.
 *
 * @returns the same bytes
 * @throws {TypeError} if the module is not of the form that ours and tfjs' have
 *
 * @example
 * ```ts
 * import { setShared } from "./wasm_shared.ts";
 * import { assertEquals } from "../../deps/assert.ts";
 *
 * const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
 * const bytes = Uint8Array.of(...header, 5, 4, 1, 1, 0, 1); // one memory of 0 to 1 pages
 *
 * assertEquals([...setShared(bytes, true).subarray(8)], [5, 4, 1, 3, 0, 1]);
 * ```
 */
export function setShared<Bytes extends Uint8Array<ArrayBuffer>>(bytes: Bytes, isShared: boolean): Bytes {
  const at = limitsOf(bytes);
  const flag = bytes[at];
  if (flag !== BOUNDED && flag !== SHARED) throw unfit(`the limits of its memory have the flag ${flag}`);
  bytes[at] = isShared ? SHARED : BOUNDED;
  return bytes;
}

/** Where the limits of its memory are. */
function limitsOf(bytes: Uint8Array): number {
  for (let at = 8; at < bytes.length;) { // behind magic number and version
    const section = bytes[at]!;
    const [size, start] = readSize(bytes, at + 1);
    if (section === MEMORIES && bytes[start] === 1) return start + 1;
    if (section === IMPORTS && bytes[start] === 1) {
      const field = skipName(bytes, start + 1);
      const kind = skipName(bytes, field);
      if (bytes[kind] === MEMORY_KIND) return kind + 1;
    }
    at = start + size;
  }
  throw unfit("it neither has one memory nor imports nothing but one");
}

/** An unsigned number of seven bits per byte, and where it ends. */
function readSize(bytes: Uint8Array, at: number): [size: number, end: number] {
  let size = 0;
  for (let shift = 0;; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) throw unfit("it ends in the middle of a number");
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) return [size, at];
  }
}

function skipName(bytes: Uint8Array, at: number): number {
  const [length, start] = readSize(bytes, at);
  return start + length;
}

function unfit(why: string): TypeError {
  return new TypeError(`Cannot set whether the memory of a wasm module is shared: ${why}`);
}
