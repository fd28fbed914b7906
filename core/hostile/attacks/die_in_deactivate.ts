/** Its process ends while it is asked to end. */
import type { Wire } from "../peer.ts";

export const meta = { class: "fault", port: "peer", alone: true };

/** The phase that it attacks besides. */
export const during = "$deactivate";

export function attack({ id, method, send }: Wire): void {
  if (method === during) Deno.exit(7);
  send({ kind: "return", id, value: "BLOCKED" });
}
