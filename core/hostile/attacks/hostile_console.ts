// deno-lint-ignore-file no-console -- the console is what this is about
/** Writes escape codes, and more than anybody wants to read, to the console. */
export const meta = { class: "spoof" };

export function attack(): string {
  console.log("\u001b[2J\u001b[H\u009b31m", "\u202egnihtemos");
  console.error("x".repeat(8_000_000));
  console.warn({ toJSON: () => "\u001b]0;owned\u0007" }, Symbol("s"), 1n, { toString: null });
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  console.info(loop, new Proxy({}, { get: () => loop }));
  return "BLOCKED";
}
