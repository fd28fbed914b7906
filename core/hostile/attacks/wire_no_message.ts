/** Sends JSON that is no message, with keys that set prototypes. */
import type { Wire } from "../peer.ts";

export const meta = { class: "spoof", port: "peer", alone: true };

export function attack({ send }: Wire): void {
  send(`{"kind":"return","id":1,"__proto__":{"polluted":1},"value":{"__proto__":{"polluted":1}}}`);
  send(`{"kind":"constructor","id":{"__proto__":{"polluted":1}}}`);
  send("[".repeat(200_000) + "]".repeat(200_000));
}
