/** Calls the host's own methods with rights that were never granted, under one id for all. */
import type { Wire } from "../peer.ts";

export const meta = { class: "escalate", port: "peer", alone: true };

export function attack({ id, send }: Wire): void {
  const calls: [method: string, args: unknown[]][] = [
    ["files.read", ["/etc/passwd"]],
    ["files.read", ["/etc/passwd", "text"]],
    ["files.list", ["/"]],
    ["files.write", ["/tmp/owned", "x"]],
    ["env.get", ["HOME"]],
    ["net.fetch", ["http://127.0.0.1:9/", {}]],
    ["service.call", ["vault", "open", ["ham"]]],
    ["service.call", ["secrets", "read", ["ham"]]],
    ["__proto__", []],
    ["constructor", ["return Deno"]],
    ["$load", [{}]],
    ["attack", []],
  ];
  for (const [method, args] of calls) {
    send({ kind: "call", id: 7, method, args });
    send({ kind: "call", id: 8, method, args, stream: true });
    send({ kind: "pull", id: 8 });
    send({ kind: "cancel", id: 7 });
  }
  setTimeout(() => send({ kind: "return", id, value: "BLOCKED" }), 200);
}
