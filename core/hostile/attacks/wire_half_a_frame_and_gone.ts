/** Begins a frame, and ends. */
import type { Wire } from "../peer.ts";

export const meta = { class: "kill", port: "peer", alone: true };

export function attack({ raw }: Wire): void {
  raw(Uint8Array.from([200, 0, 0, 0, 0, 0, 0, 0, 123, 34]));
  Deno.exit(0);
}
