/** Begins a frame, and says no more. */
import type { Wire } from "../peer.ts";

export const meta = { class: "hang", port: "peer", alone: true };

export function attack({ raw }: Wire): void {
  raw(Uint8Array.from([200, 0, 0, 0, 0, 0, 0, 0, 123, 34]));
}
