/** Announces a head of four gigabytes. */
import type { Wire } from "../peer.ts";

export const meta = { class: "starve", port: "peer", alone: true };

export function attack({ raw }: Wire): void {
  raw(Uint8Array.from([255, 255, 255, 255, 0, 0, 0, 0, 123]));
}
