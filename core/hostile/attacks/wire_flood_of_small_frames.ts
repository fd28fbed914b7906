/** Sends small frames as fast as a pipe takes them, for three seconds. */
import type { Wire } from "../peer.ts";
import { RIGHTS } from "./own/rights.ts";

const TOPIC = RIGHTS.emits[0] ?? "declared";

export const meta = { class: "starve", port: "peer", alone: true };

export function attack({ send }: Wire): void {
  const start = Date.now();
  while (Date.now() - start < 3_000) {
    for (let count = 0; count < 500; count++) send({ kind: "events", events: [[TOPIC, count]] });
  }
}
