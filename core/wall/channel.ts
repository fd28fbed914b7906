/**
 * Calls, streams and events over a port of frames. (Signatures; the bodies follow.)
 *
 * @module
 */
import type { FramePort } from "./frame.ts";
import type { CallOptions, ChannelOptions, WireEvent, WireStream } from "./options.ts";
import type { WireValue } from "./values.ts";
export * from "./options.ts";

/** One end of the wall. Owns its port: closing the one closes the other. */
export declare class Channel implements Disposable {
  constructor(port: FramePort, options: ChannelOptions);
  get openCalls(): number;
  get openStreams(): number;
  call(method: string, args: readonly WireValue[], options?: CallOptions): Promise<WireValue>;
  stream(method: string, args: readonly WireValue[], options?: CallOptions): WireStream;
  ready(): void;
  post(event: WireEvent): void;
  emit(event: WireEvent): Promise<void>;
  fail(error: unknown): void;
  close(reason?: string | Error): void;
  [Symbol.dispose](): void;
}
