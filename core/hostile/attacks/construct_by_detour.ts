/** Makes what has no name here any more: through constructors, prototypes and cloning. */
export const meta = { class: "escalate" };

export function attack(): string {
  const attempts: Record<string, () => unknown> = {
    "a scope": () => Reflect.construct(globalThis.constructor, []),
    "a parent of the scope": () => Reflect.construct(Object.getPrototypeOf(globalThis.constructor), []),
    "a realm": () => new (Reflect.get(globalThis, "ShadowRealm"))(),
    "a worker": () => new (Reflect.get(globalThis, "Worker"))("data:text/javascript,", { type: "module" }),
    "a port": () => structuredClone(null, { transfer: [Object.create(EventTarget.prototype)] }),
    "a key": () => Reflect.construct(CryptoKey, []),
    "a performance": () => Reflect.construct(performance.constructor, []),
  };
  const made = Object.entries(attempts).flatMap(([what, attempt]) => {
    try {
      attempt();
      return [what];
    } catch {
      return [];
    }
  });
  return made.length > 0 ? `BREACH: made ${made}` : "BLOCKED";
}
