/** Imports builtins by a name that the vetting cannot see. */
export const meta = { class: "escalate" };

const NAMES = [
  "process",
  "fs",
  "vm",
  "module",
  "inspector",
  "worker_threads",
  "url",
  "util",
  "zlib",
  "sqlite",
  "os",
  "net",
  "child_process",
  "v8",
  "crypto",
  "events",
  "timers",
  "console",
  "path",
  "test",
];

export async function attack(): Promise<string> {
  const load = new Function("name", "return import(name)") as (name: string) => Promise<object>;
  const got: string[] = [];
  for (const name of NAMES.flatMap((name) => [name, `node:${name}`])) {
    try {
      got.push(`${name} (${Object.keys(await load(name)).slice(0, 3)})`);
    } catch {
      // refused
    }
  }
  return got.length > 0 ? `BREACH: ${got}` : "BLOCKED";
}
