/** Looks for a way to signal the process: the host would die with it. */
export const meta = { class: "kill" };

export function attack(): string {
  const found = ["Deno", "process", "global", "Buffer", "require", "module", "__bootstrap"].filter((name) =>
    Reflect.get(globalThis, name) !== undefined
  );
  const internal = Reflect.get(globalThis, Symbol.for("Deno.internal"));
  const made: unknown = new Function("return typeof Deno + typeof process")();
  if (found.length > 0 || internal !== undefined || made !== "undefinedundefined") {
    return `BREACH: ${found} ${String(internal)} ${made}`;
  }
  return "BLOCKED";
}
