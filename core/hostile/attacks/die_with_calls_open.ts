/** Its process ends while fifty calls wait for an answer. */
import type { Wire } from "../peer.ts";

export const meta = { class: "fault", port: "peer", alone: true };

/** The host makes fifty of these calls before it unloads the plugin. */
export const methods = ["hold"];

let held = 0;

export function attack({ id, method, send }: Wire): void {
  if (method === "attack") return send({ kind: "return", id, value: "BLOCKED" });
  if (++held === 50) Deno.exit(7);
}
