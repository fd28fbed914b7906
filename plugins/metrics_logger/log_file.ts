/**
 * A log on disk for a plugin that cannot append: `Files` writes a file whole, in place of the one before.
 *
 * So what comes is kept until it is to be written, and written with what the file has already, as long as its
 * format allows that and the file is small; then the next file begins. The cost: each time, up to
 * `rewrittenUpTo` bytes are written again and flushed to the disk, and as many are kept in memory.
 *
 * @module
 */
import type { Files } from "k-bert/sdk";
import type { LogFormat, Moment } from "./log_format.ts";

/** Bytes that wait before they are written without being asked for: some 350 moments with four figures. */
const BUFFER_BYTES = 2 ** 16;

/** Where a log is written. */
export interface LogPlace {
  readonly files: Pick<Files, "write">;
  /** Made when it is not there. */
  readonly folder: string;
  /** In milliseconds since 1970; in the names of the files, which are written over if they are there. */
  readonly begunMs: number;
}

/** One format's files of one run. Its methods are to be called one after the other. */
export class LogFile {
  readonly #place: LogPlace;
  readonly #format: LogFormat;
  #part = 0;
  /** What the file in hand has, or will begin with. */
  #content: Uint8Array;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(format: LogFormat, place: LogPlace) {
    this.#format = format;
    this.#place = place;
    this.#content = format.header(place.begunMs);
  }

  /** Takes a moment in, and writes what waits if it is too much. @throws {KBertError} if that fails */
  async add(moment: Moment): Promise<void> {
    const bytes = this.#format.encode(moment);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= BUFFER_BYTES) await this.flush();
  }

  /** Writes what waits. @throws {KBertError} if it cannot; it is then lost */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const { files, folder, begunMs } = this.#place;
    const content = joined([this.#content, ...this.#waiting]);
    const name = this.#format.fileName(begunMs, this.#part);
    this.#waiting = [];
    this.#waitingBytes = 0;
    await files.write(`${folder}/${name}`, content);
    const isFull = content.length > this.#format.rewrittenUpTo;
    if (isFull) this.#part++;
    this.#content = isFull ? this.#format.header(begunMs) : content;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
