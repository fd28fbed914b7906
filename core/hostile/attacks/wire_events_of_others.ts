/** Emits in the names of others, with a source and a time of its own. */
import type { Wire } from "../peer.ts";
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "spoof", port: "peer", alone: true };

export function attack({ id, send }: Wire): void {
  const topics = ["plugin.crashed", "trainer.step", "__proto__", "undeclared", TOPIC];
  for (const topic of topics) {
    send({ kind: "events", events: [[topic, { plugin_name: "neighbour", error: "\u001b[2J" }]] });
    send({ kind: "events", events: [[topic, { plugin_name: "neighbour" }, "neighbour", 0]] });
  }
  send({ kind: "return", id, value: "BLOCKED" });
}
