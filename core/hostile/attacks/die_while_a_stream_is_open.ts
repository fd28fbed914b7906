/** Its process ends while a stream of it is read. */
import type { Wire } from "../peer.ts";

export const meta = { class: "fault", port: "peer", alone: true };

/** That it answers a stream. */
export const streams = true;

export function attack({ id, method, send }: Wire): void {
  send({ kind: "item", id, value: method });
  setTimeout(() => Deno.exit(7), 50);
}
