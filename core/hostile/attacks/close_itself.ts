/** Ends its own worker by every name that may do it, to leave the host waiting. */
export const meta = { class: "spoof" };

export function attack(): string {
  for (let at: object | null = globalThis; at !== null; at = Object.getPrototypeOf(at)) {
    for (const name of ["close", "terminate", "exit", "stop"]) {
      const end: unknown = Reflect.get(at, name);
      if (typeof end === "function") return `BREACH: ${name}`;
    }
  }
  return "BLOCKED";
}
