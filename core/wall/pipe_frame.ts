/**
 * Frames on a pipe, where there are only bytes: how a frame is written, and how it is found again.
 *
 *     u32 bytes of the head | u32 buffers | u32 bytes of each buffer … | head in UTF-8 | the buffers
 *
 * All numbers are little-endian, and all of them come before what they are the sizes of: whoever reads knows
 * that a frame is within the limits before memory is given to it, and a buffer gets its memory when the one
 * before it is complete. A pipe is not closed by who breaks the format, so there is no way
 * to go on after an error: the reader ends the writer.
 *
 * @module
 */
import { BufferPool } from "./buffer_pool.ts";
import { KBertError } from "./errors.ts";
import { type Frame, FRAME_LIMITS, type FrameLimits } from "./frame.ts";

/** Buffers of a frame up to this size in all are copied behind its head: one write instead of several. */
const PACKED_BYTES = 2 ** 15;
/** Heads up to this size are collected in memory that is kept. */
const SCRATCH_BYTES = 2 ** 16;
/** A character of JavaScript takes at most so many bytes of UTF-8. */
const BYTES_PER_CHARACTER = 3;
const NOTHING = new Uint8Array(0);
/** Of a u32. */
const NUMBER_BYTES = 4;

const encoder = new TextEncoder();
// Bound now: a plugin's realm is frozen later, but what is called here is called from there.
const encodeText = encoder.encode.bind(encoder);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const decodeText = decoder.decode.bind(decoder);

/**
 * The bytes of a frame, in parts that are to be written in this order. Large buffers are parts themselves,
 * not copies: they must not be changed until they are written.
 *
 * @example
 * ```ts
 * import { encodeFrame, FrameDecoder } from "./pipe_frame.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const frames: unknown[] = [];
 * const decoder = new FrameDecoder("it", (frame) => frames.push(frame));
 * for (const part of encodeFrame({ head: "{}", buffers: [new ArrayBuffer(3)] })) decoder.push(part);
 * assertEquals(frames, [{ head: "{}", buffers: [new ArrayBuffer(3)] }]);
 * ```
 */
export function encodeFrame({ head, buffers }: Frame): Uint8Array<ArrayBuffer>[] {
  const text = encodeText(head);
  const packed = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0) <= PACKED_BYTES;
  const textAt = NUMBER_BYTES * (2 + buffers.length);
  let end = textAt + text.byteLength;
  const places = packed ? buffers.map(({ byteLength }) => (end += byteLength) - byteLength) : [];
  const first = new Uint8Array(end);
  const numbers = new DataView(first.buffer);
  numbers.setUint32(0, text.byteLength, true);
  numbers.setUint32(NUMBER_BYTES, buffers.length, true);
  buffers.forEach(({ byteLength }, index) => numbers.setUint32(NUMBER_BYTES * (2 + index), byteLength, true));
  first.set(text, textAt);
  if (!packed) return [first, ...buffers.map((buffer) => new Uint8Array(buffer))];
  buffers.forEach((buffer, index) => first.set(new Uint8Array(buffer), places[index]));
  return [first];
}

/**
 * Takes buffers from whoever holds them, whose own become empty, as postMessage does.
 *
 * @throws {DOMException} `DataCloneError` if one is empty already or listed twice; then nothing was taken
 */
export function moveBuffers(buffers: readonly ArrayBuffer[]): ArrayBuffer[] {
  if (new Set(buffers).size !== buffers.length || buffers.some(({ detached }) => detached)) {
    throw new DOMException("A buffer was moved before, or is to be moved twice", "DataCloneError");
  }
  return buffers.map((buffer) => buffer.transfer());
}

/** What the next bytes belong to. */
type Stage = "numbers" | "lengths" | "head" | "buffers";

/**
 * Finds the frames in what comes out of a pipe, whatever pieces it comes in.
 *
 * Holds no more than the limits allow for one frame, and that only as far as its bytes have come.
 */
export class FrameDecoder {
  readonly #sender: string;
  readonly #onFrame: (frame: Frame | string) => void;
  readonly #pool: Pick<BufferPool, "take">;
  readonly #limits: FrameLimits;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #numbers = new DataView(this.#scratch.buffer);
  #stage: Stage = "numbers";
  /** Where bytes go until it is full. */
  #target: Uint8Array<ArrayBuffer> = this.#scratch.subarray(0, 2 * NUMBER_BYTES);
  #filled = 0;
  #headBytes = 0;
  #head = "";
  #lengths: number[] = [];
  #buffers: ArrayBuffer[] = [];

  /**
   * @param sender how errors call who writes
   * @param onFrame gets a frame, or the bare head of one without buffers
   * @param pool where buffers come from
   */
  constructor(
    sender: string,
    onFrame: (frame: Frame | string) => void,
    pool: Pick<BufferPool, "take"> = new BufferPool(),
    limits: FrameLimits = FRAME_LIMITS,
  ) {
    this.#sender = sender;
    this.#onFrame = onFrame;
    this.#pool = pool;
    this.#limits = limits;
  }

  /** Whether a frame has begun and not ended: a pipe that ends here was cut. */
  get isWithinFrame(): boolean {
    return this.#stage !== "numbers" || this.#filled > 0;
  }

  /**
   * Where the next bytes of a large buffer belong. Whoever can read straight into it spares a copy, and says
   * how much it was with {@linkcode FrameDecoder.filled}.
   */
  get wanted(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#stage !== "buffers" || this.#target.byteLength - this.#filled < SCRATCH_BYTES) return undefined;
    return this.#target.subarray(this.#filled);
  }

  /** So many bytes were read into what was {@linkcode FrameDecoder.wanted}. */
  filled(bytes: number): void {
    this.#filled += bytes;
    this.push(NOTHING); // it may have been the last one, or the next may be empty
  }

  /**
   * Takes the next bytes; they are copied.
   *
   * @throws {KBertError} `wall/frame` for a frame over a limit, or a head that is not UTF-8; nothing may be
   * pushed afterwards
   */
  push(bytes: Uint8Array): void {
    for (let at = 0;;) {
      const end = Math.min(bytes.byteLength, at + this.#target.byteLength - this.#filled);
      this.#target.set(bytes.subarray(at, end), this.#filled);
      this.#filled += end - at;
      at = end;
      if (this.#filled < this.#target.byteLength) return;
      this.#advance();
    }
  }

  /** The target is full: what it was becomes known, and what comes next. */
  #advance(): void {
    switch (this.#stage) {
      case "numbers":
        return this.#readNumbers();
      case "lengths":
        return this.#readLengths();
      case "head":
        this.#head = this.#decodeHead();
        return this.#nextBuffer();
      case "buffers":
        this.#buffers.push(this.#target.buffer);
        return this.#nextBuffer();
      default:
        this.#stage satisfies never;
    }
  }

  #readNumbers(): void {
    const headBytes = this.#numbers.getUint32(0, true);
    const buffers = this.#numbers.getUint32(NUMBER_BYTES, true);
    this.#require(headBytes, this.#limits.headCharacters * BYTES_PER_CHARACTER, "bytes of JSON");
    this.#require(buffers, this.#limits.buffers, "buffers");
    this.#headBytes = headBytes;
    if (buffers === 0) this.#expectHead();
    else this.#expect("lengths", this.#scratch.subarray(0, buffers * NUMBER_BYTES));
  }

  #readLengths(): void {
    let sum = 0;
    for (let at = 0; at < this.#target.byteLength; at += NUMBER_BYTES) {
      const length = this.#numbers.getUint32(at, true);
      sum += length;
      this.#lengths.push(length);
    }
    this.#require(sum, this.#limits.bytes, "bytes");
    this.#expectHead();
  }

  #expectHead(): void {
    const bytes = this.#headBytes;
    this.#expect("head", bytes <= SCRATCH_BYTES ? this.#scratch.subarray(0, bytes) : new Uint8Array(bytes));
  }

  /** The memory of a buffer, or the frame if there is none left. */
  #nextBuffer(): void {
    const length = this.#lengths[this.#buffers.length];
    if (length !== undefined) return this.#expect("buffers", new Uint8Array(this.#pool.take(length)));
    const head = this.#head;
    const buffers = this.#buffers;
    this.#head = "";
    if (buffers.length > 0) {
      this.#buffers = [];
      this.#lengths = [];
    }
    this.#expect("numbers", this.#scratch.subarray(0, 2 * NUMBER_BYTES));
    this.#onFrame(buffers.length === 0 ? head : { head, buffers });
  }

  #expect(stage: Stage, target: Uint8Array<ArrayBuffer>): void {
    this.#stage = stage;
    this.#target = target;
    this.#filled = 0;
  }

  #decodeHead(): string {
    try {
      return decodeText(this.#target);
    } catch {
      const message = `${this.#sender} sent a frame that is not UTF-8`;
      throw new KBertError("wall/frame", message, { plugin: this.#sender });
    }
  }

  #require(value: number, limit: number, unit: string): void {
    if (value <= limit) return;
    const message = `${this.#sender} sent a frame of ${value} ${unit}, and the limit is ${limit}`;
    throw new KBertError("wall/frame", message, { plugin: this.#sender, limit, value });
  }
}
