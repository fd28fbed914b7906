/** Replaces what the loader's hooks might call, so that they answer with the URL of a builtin. */
export const meta = { class: "escalate" };

type Methods = Record<string, (...args: unknown[]) => unknown>;

export async function attack(): Promise<string> {
  const target = "node:process";
  const replaced: string[] = [];
  const replace = (holder: object, name: string, answer: unknown): void => {
    const original = (holder as Methods)[name];
    try {
      (holder as Methods)[name] = function (this: unknown, ...args: unknown[]): unknown {
        return String(args[0]).includes("wanted") ? answer : Reflect.apply(original!, this, args);
      };
      replaced.push(name);
    } catch {
      // frozen
    }
  };
  for (const holder of [Map.prototype, WeakMap.prototype]) {
    replace(holder, "get", target);
    replace(holder, "has", true);
  }
  replace(Object, "hasOwn", true);
  replace(String.prototype, "startsWith", true);
  replace(globalThis, "URL", { href: target });
  try {
    Object.defineProperty(Object.prototype, "wanted", { value: target });
    replaced.push("Object.prototype");
  } catch {
    // frozen
  }
  const load = new Function("name", "return import(name)") as (name: string) => Promise<object>;
  for (const name of ["wanted", "./wanted", "k-bert/sdk/wanted"]) {
    try {
      return `BREACH: ${name} is ${Object.keys(await load(name)).slice(0, 5)}`;
    } catch {
      // refused
    }
  }
  return replaced.length > 0 ? `BREACH: replaced ${replaced}` : "BLOCKED";
}
