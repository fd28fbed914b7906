/** Waits where events are dispatched for the port to the host to pass by, to send frames of one's own. */
export const meta = { class: "spoof" };

const taken: string[] = [];

export function attack(): string {
  for (const name of ["dispatchEvent", "addEventListener", "getParent"]) {
    for (const holder of [EventTarget.prototype, globalThis]) {
      const original: unknown = Reflect.get(holder, name);
      try {
        Object.defineProperty(holder, name, {
          configurable: true,
          value(this: unknown, ...args: unknown[]): unknown {
            taken.push(`${name} of ${Object.prototype.toString.call(this)}`);
            return typeof original === "function" ? Reflect.apply(original, this, args) : undefined;
          },
        });
      } catch {
        // frozen
      }
    }
  }
  for (const name of ["composedPath", "preventDefault", "stopPropagation", "target", "type"]) {
    try {
      Object.defineProperty(Event.prototype, name, { get: () => taken.push(name), configurable: true });
    } catch {
      // frozen
    }
  }
  new AbortController().abort(); // a dispatch of our own says nothing
  return taken.filter((what) => !what.includes("Abort")).length > 0 ? `BREACH: ${taken}` : "BLOCKED";
}
