/** Announces more buffers than there can be, and larger ones. */
import type { Wire } from "../peer.ts";

export const meta = { class: "starve", port: "peer", alone: true };

export function attack({ raw }: Wire): void {
  raw(Uint8Array.from([2, 0, 0, 0, 255, 255, 255, 127]));
  for (let round = 0; round < 2_000; round++) raw(new Uint8Array(2 ** 14).fill(255));
}
