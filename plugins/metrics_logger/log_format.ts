/**
 * What is written of a training, and what a format of the files has to know.
 *
 * @module
 */
import type { Logs } from "k-bert/sdk";

/** One moment of a training with its figures. */
export interface Moment {
  readonly name: "train_begin" | "batch_end" | "evaluate" | "epoch_end" | "train_end";
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly epoch: number;
  /** Steps that are done. */
  readonly step: number;
  /** By name; NaN and infinity occur. */
  readonly figures: Logs;
}

/** How moments become the bytes of a file. */
export interface LogFormat {
  /**
   * The name of a file. Names of a run are in the order of its files.
   *
   * @param begunMs when the first of them was begun, in milliseconds since 1970
   * @param part which one it is, from 0
   */
  fileName(begunMs: number, part: number): string;
  /** What each file begins with. */
  header(begunMs: number): Uint8Array;
  encode(moment: Moment): Uint8Array;
  /** A file that has not more bytes than this is written again, whole, with what comes; 0 for never. */
  readonly rewrittenUpTo: number;
}

/** The number of a part, with so many digits that names are in the order of numbers. */
export function partNumber(part: number): string {
  return String(part).padStart(5, "0");
}
