/** Sends a head that is no text. */
import type { Wire } from "../peer.ts";

export const meta = { class: "spoof", port: "peer", alone: true };

export function attack({ raw }: Wire): void {
  raw(Uint8Array.from([4, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0xc0, 0x80]));
}
