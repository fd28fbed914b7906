/** Answers a text, which no port has but that of a plugin of no particular kind. */
import type { Wire } from "../peer.ts";
import { RIGHTS } from "./own/rights.ts";

export const meta = { class: "fault", port: "peer", alone: true };

export function attack({ id, send }: Wire): void {
  send({ kind: "return", id, value: RIGHTS.port === "plugin" ? "BLOCKED" : "BREACH: a text was taken" });
}
