/** Looks for the machine: paths, names, processors, memory, the time it was started. */
export const meta = { class: "read" };

export function attack(): string {
  const { meta: own } = { meta: import.meta as unknown as Record<string, unknown> };
  const told: string[] = [];
  for (const key of ["filename", "dirname", "main"]) if (own[key]) told.push(`${key} ${own[key]}`);
  if (/\/(home|root|tmp|work|Users)\//.test(String(own["url"]))) told.push(String(own["url"]));
  const { resolve } = own;
  if (typeof resolve === "function") {
    for (const name of [".", "..", "/", "k-bert/sdk", "node:fs"]) {
      try {
        const url = String(Reflect.apply(resolve, own, [name]));
        if (/^file:\/\/\/(home|root|tmp|work|Users)/.test(url)) told.push(url);
      } catch {
        // refused
      }
    }
  }
  for (const name of ["navigator", "location", "name", "origin", "process", "Deno", "performance.memory"]) {
    const value = name.split(".").reduce<unknown>((at, key) => Object(at)[key], globalThis);
    if (value !== undefined) told.push(name);
  }
  return told.length > 0 ? `BREACH: ${told}` : "BLOCKED";
}
