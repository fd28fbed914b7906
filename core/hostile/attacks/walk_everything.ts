/** Follows every property, getter and prototype of everything in reach, and looks for the runtime's insides. */
export const meta = { class: "escalate", port: "head" };

const TELLTALE =
  /^(op_|opAsync|__bootstrap$|internals$|binding$|dlopen$|mainModule$|getBuiltinModule$|internalRidSymbol$)/;

export function attack(): string {
  const seen = new Set<object>();
  const found: string[] = [];
  const timer: unknown = setTimeout(() => {}, 0);
  const waiting: [unknown, string][] = [[globalThis, "scope"], [timer, "timer"]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, path] = next;
    if (typeof value !== "object" && typeof value !== "function" || value === null || seen.has(value)) {
      continue;
    }
    seen.add(value);
    waiting.push([Object.getPrototypeOf(value), `${path}.__proto__`]);
    if (path.includes("_tf")) continue; // the engine's own tables: large, and only numbers
    for (const key of Reflect.ownKeys(value)) {
      const name = `${path}.${String(key)}`;
      if (TELLTALE.test(String(key))) found.push(name);
      const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
      waiting.push([descriptor?.value, name], [descriptor?.get, `${name}.get`], [
        descriptor?.set,
        `${name}.set`,
      ]);
      try {
        waiting.push([Reflect.get(value, key), name]);
      } catch {
        // a getter that wants another receiver
      }
    }
  }
  clearTimeout(timer as number);
  const hosts = [...seen].filter((one) =>
    typeof one === "function" &&
    /^(kill|exit|spawn|openSync|readFileSync|postMessage|dispatchMessage)$/.test(one.name)
  );
  if (found.length + hosts.length > 0) return `BREACH: ${found} ${hosts.map(String)}`;
  return seen.size > 500 ? "BLOCKED" : `BREACH: saw only ${seen.size} objects, this test looks at nothing`;
}
