/** Opens and gives up calls of the host as fast as a pipe takes them, for three seconds. */
import type { Wire } from "../peer.ts";

export const meta = { class: "starve", port: "peer", alone: true };

export function attack({ send }: Wire): void {
  const start = Date.now();
  for (let id = 1; Date.now() - start < 3_000; id++) {
    send({ kind: "call", id, method: "service.call", args: ["glossary", "lookup", ["ham"]] });
    send({ kind: "cancel", id });
  }
}
