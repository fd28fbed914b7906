/** Looks for the channel behind whoever calls it: callers, arguments, receivers, promises and their reactions. */
export const meta = { class: "escalate" };

export async function attack(this: unknown, ...given: unknown[]): Promise<string> {
  const found: string[] = [];
  const sloppy = new Function(`
    const seen = [];
    let at = arguments.callee;
    for (let depth = 0; depth < 20 && at; depth++) {
      try { at = at.caller; if (at) seen.push(String(at).slice(0, 80)); } catch { break; }
    }
    return [seen, this === undefined ? "none" : Object.keys(this).join()];
  `) as () => [string[], string];
  const [callers, receiver] = sloppy();
  if (callers.some((text) => /channel|frame|postMessage/.test(text))) found.push("a caller");
  if (/channel|port|post/i.test(receiver)) found.push("a receiver");
  for (const value of given) {
    for (
      let at: object | null = Object(value) as object;
      at && at !== Object.prototype;
      at = Object.getPrototypeOf(at)
    ) {
      for (const key of Reflect.ownKeys(at)) {
        if (/^(channel|frame|sandbox|postMessage|onframe|send)$/i.test(String(key))) found.push(String(key));
      }
    }
  }
  const species = Reflect.defineProperty(Promise, Symbol.species, {
    get: () => found.push("species") && Promise,
    configurable: true,
  });
  if (species) found.push("Promise[Symbol.species] was replaced");
  await Promise.resolve();
  return found.length > 0 ? `BREACH: ${found}` : "BLOCKED";
}
