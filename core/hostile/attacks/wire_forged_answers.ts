/** Answers calls that were never made, and the one that was, again and again. */
import type { Wire } from "../peer.ts";

export const meta = { class: "spoof", port: "peer", alone: true };

export function attack({ id, send }: Wire): void {
  for (let other = 1; other < 2_000; other++) {
    if (other !== id) send({ kind: "return", id: other, value: "BREACH: an answer to no call" });
  }
  send({ kind: "return", id, value: "BLOCKED" });
  for (let again = 0; again < 1_000; again++) send({ kind: "return", id, value: "BREACH: an answer again" });
}
