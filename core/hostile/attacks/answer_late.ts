/** Answers when its deadline is over and the host has given the call up. */
import type { Wire } from "../peer.ts";

export const meta = { class: "fault", port: "peer", alone: true };

export function attack({ id, callMs, send }: Wire): void {
  setTimeout(() => send({ kind: "return", id, value: "BREACH: a late answer" }), callMs + 200);
}
