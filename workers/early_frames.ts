/**
 * Where frames that arrive before anybody listens wait: a sandbox may be there before its channel is, as a
 * MessagePort may.
 *
 * @module
 */
import { KBertError } from "../core/wall/errors.ts";
import type { Frame, FramePort } from "../core/wall/frame.ts";

/** A place says that it is ready. What says more before the host has said anything is not one of ours. */
const MAX_EARLY = 4;

/** The receiving half of a {@linkcode FramePort}. */
export class EarlyFrames {
  #listener: FramePort["onframe"] = null;
  #early: (Frame | string)[] = [];
  #isClosed = false;

  get listener(): FramePort["onframe"] {
    return this.#listener;
  }

  set listener(listener: FramePort["onframe"]) {
    this.#listener = listener;
    if (this.#early.length > 0) queueMicrotask(() => this.#deliver());
  }

  /** @throws {KBertError} `wall/frame` if too much arrives that nobody listens to */
  receive(frame: Frame | string): void {
    if (this.#isClosed) return;
    if (this.#listener && this.#early.length === 0) return this.#listener(frame);
    if (this.#early.length >= MAX_EARLY) {
      throw new KBertError("wall/frame", "it spoke before it was asked anything", { limit: MAX_EARLY });
    }
    this.#early.push(frame);
  }

  /** Whatever waits, and whatever arrives, is dropped. */
  close(): void {
    this.#isClosed = true;
    this.#early = [];
  }

  #deliver(): void {
    for (const frame of this.#early.splice(0)) if (!this.#isClosed) this.#listener?.(frame);
  }
}
