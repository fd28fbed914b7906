/** Sends items and ends of streams that nobody opened, and failures that never end. */
import type { Wire } from "../peer.ts";

export const meta = { class: "spoof", port: "peer", alone: true };

export function attack({ id, send }: Wire): void {
  send({ kind: "item", id, value: "BREACH: an item as an answer" });
  send({ kind: "end", id });
  let failure: unknown = { name: "Error", message: "\u001b[2J".repeat(10_000) };
  for (let depth = 0; depth < 2_000; depth++) failure = { name: "\u202e", message: "x", cause: failure };
  send({ kind: "throw", id, failure });
  send({ kind: "failed", failure });
}
