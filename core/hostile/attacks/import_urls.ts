/** Imports code that nobody reviewed, files of the host, and packages whose name carries data out. */
export const meta = { class: "net" };

const SPECIFIERS = [
  "data:text/javascript,export const a = 1",
  "data:application/json,{}",
  "blob:null/0",
  "http://127.0.0.1:9/a.js",
  "npm:@stolen-data/x",
  "jsr:@std/assert",
  "file:///etc/passwd",
  "file:///etc/hostname",
  "/etc/passwd",
  "ext:core/mod.js",
  "k-bert:denied",
  "k-bert/sdk/tensors.ts",
  "plugin:///other.ts",
  "plugin:///main.ts?again",
  "plugin:///./attack.ts",
  "./..%2f..%2fetc/passwd",
  "../../../../etc/passwd",
  "constructor",
  "__proto__",
  "",
];

export async function attack(): Promise<string> {
  const load = new Function("name", "return import(name)") as (name: string) => Promise<object>;
  const got: string[] = [];
  for (const specifier of SPECIFIERS) {
    try {
      got.push(`${specifier} (${Object.keys(await load(specifier))})`);
    } catch (error) {
      const said = String(error);
      if (/root:|No such file|registry|127\.0\.0\.1/.test(said)) got.push(`${specifier} said ${said}`);
    }
  }
  return got.length > 0 ? `BREACH: ${got}` : "BLOCKED";
}
