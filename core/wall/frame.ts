/**
 * A frame: the only thing that crosses the wall. One bounded text of JSON, and a list of buffers.
 *
 * Nothing crosses as a live object, so there is nothing to decode before the sizes are known: the text is
 * measured before it is parsed, and a buffer is an owned, fixed-size block of bytes or the frame is refused.
 * Buffers are moved to the receiver; the sender's become empty.
 *
 * @module
 */
import { KBertError } from "./errors.ts";

/** What crosses. `head` is the JSON text of a message (see protocol.ts). */
export interface Frame {
  readonly head: string;
  readonly buffers: readonly ArrayBuffer[];
}

/** Bounds of a frame. Each names the attack that it stops. */
export interface FrameLimits {
  /** Characters of the head: a text that is cheap to send and dear to parse. @default {1_048_576} */
  headCharacters: number;
  /** Buffers of one frame: a list that is long and empty. @default {256} */
  buffers: number;
  /** Bytes of all buffers together: memory that is filled by one message. @default {268_435_456} */
  bytes: number;
}

/** See {@linkcode FrameLimits}. */
export const FRAME_LIMITS: Readonly<FrameLimits> = {
  headCharacters: 2 ** 20,
  buffers: 256,
  bytes: 2 ** 28,
};

/** One end of the wall: where frames are sent and arrive. Whoever made it closes it. */
export interface FramePort {
  /** Sends a frame and gives its buffers away. */
  send(frame: Frame): void;
  /** Called with whatever arrived, unchecked, in the order of sending. */
  onframe: ((data: unknown) => void) | null;
  /** Ends it at once; later frames are dropped on both sides. */
  close(): void;
}

/**
 * Looks at what arrived and answers a frame, or throws before anything of it is parsed. A bare text is a
 * frame without buffers.
 *
 * @throws {KBertError} `wall/frame` with the limit and the value, naming `sender`.
 */
export function checkFrame(data: unknown, sender: string, limits: FrameLimits = FRAME_LIMITS): Frame {
  if (typeof data === "string") {
    within(data.length, limits.headCharacters, "characters of JSON");
    return { head: data, buffers: [] };
  }
  const { head, buffers } = (typeof data === "object" && data !== null ? data : {}) as Partial<Frame>;
  if (typeof head !== "string" || !Array.isArray(buffers)) {
    throw new KBertError("wall/frame", `${sender} sent something that is not a frame`, { plugin: sender });
  }
  within(head.length, limits.headCharacters, "characters of JSON");
  within(buffers.length, limits.buffers, "buffers");
  let bytes = 0;
  for (const buffer of buffers) {
    // A shared or resizable buffer could change after it was checked.
    if (!(buffer instanceof ArrayBuffer) || buffer.resizable) {
      throw new KBertError("wall/frame", `${sender} sent a buffer that it could still change`, {
        plugin: sender,
      });
    }
    bytes += buffer.byteLength;
  }
  within(bytes, limits.bytes, "bytes");
  return { head, buffers: buffers as ArrayBuffer[] };

  function within(value: number, limit: number, unit: string): void {
    if (value <= limit) return;
    const message = `${sender} sent a frame of ${value} ${unit}, and the limit is ${limit}`;
    throw new KBertError("wall/frame", message, { plugin: sender, limit, value });
  }
}

/** A pair of ports inside one realm, for tests of what speaks over them. */
export function framePortPair(): [FramePort, FramePort] {
  const channel = new MessageChannel();
  return [messagePort(channel.port1), messagePort(channel.port2)];
}

/** What a Worker, a worker's own scope and a MessagePort have in common. */
export interface MessageEndpoint {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
  close?(): void;
}

/**
 * Frames over anything that posts messages. A frame without buffers, as most are, goes as its bare text: an
 * object with a list in it, and an empty list of what is moved, take a third of the time more. The sender is charged for a bad transfer, not the receiver.
 */
export function messagePort(endpoint: MessageEndpoint): FramePort {
  const post = endpoint.postMessage.bind(endpoint);
  let receive: ((data: unknown) => void) | null = null;
  return {
    send: ({ head, buffers }) => {
      if (buffers.length === 0) post(head);
      else post({ head, buffers }, buffers as ArrayBuffer[]);
    },
    get onframe() {
      return receive;
    },
    set onframe(listener) {
      receive = listener;
      endpoint.onmessage = listener === null ? null : (event) => listener(event.data);
      // What cannot even be read is not a frame, and whoever sent it is told so like for any other.
      endpoint.onmessageerror = listener === null ? null : () => listener(undefined);
    },
    close: () => {
      endpoint.onmessage = null;
      endpoint.onmessageerror = null;
      endpoint.close?.();
    },
  };
}
