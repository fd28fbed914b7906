/** Gives the host more room than there is, and less than none. */
import type { Wire } from "../peer.ts";

export const meta = { class: "starve", port: "peer", alone: true };

export function attack({ id, send }: Wire): void {
  for (const events of [1e9, 2 ** 53, 1_000_000, 0]) send({ kind: "credit", events });
  send({ kind: "return", id, value: "BLOCKED" });
  setTimeout(() => send({ kind: "credit", events: -1e9 }), 20);
}
