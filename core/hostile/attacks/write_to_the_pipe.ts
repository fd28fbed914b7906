/** Looks for any way to write to file descriptor 1, where a plugin's own process has its frames. */
export const meta = { class: "spoof" };

const NUL = "\u0000\u0000\u0000\u0002{}";

export async function attack(): Promise<string> {
  const wrote: string[] = [];
  const load = new Function("name", "return import(name)") as (
    name: string,
  ) => Promise<Record<string, unknown>>;
  for (
    const name of ["node:fs", "node:process", "node:tty", "node:console", "node:wasi", "node:worker_threads"]
  ) {
    await load(name).then(() => wrote.push(name), () => {});
  }
  for (
    const path of [
      "Deno.stdout.writeSync",
      "Deno.core.print",
      "process.stdout.write",
      "console._stdout.write",
    ]
  ) {
    const write = path.split(".").reduce<unknown>((at, key) => Object(at)[key], globalThis);
    if (typeof write !== "function") continue;
    wrote.push(path);
    Reflect.apply(write, undefined, [NUL]);
  }
  const known = new Set(["debug", "info", "warn", "error", "log"]);
  for (const name of Reflect.ownKeys(console)) {
    const method: unknown = Reflect.get(console, name);
    if (typeof method === "function" && !known.has(String(name))) {
      try {
        Reflect.apply(method, console, [NUL]);
      } catch {
        // made to be quiet
      }
    }
  }
  return wrote.length > 0 ? `BREACH: ${wrote}` : "BLOCKED";
}
