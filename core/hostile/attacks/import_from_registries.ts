/** Imports by every scheme that fetches, under spellings that a comparison may miss. */
export const meta = { class: "net" };

const NAMES = [
  ...[
    "npm:left-pad",
    "NPM:left-pad",
    "npm:/left-pad@1.3.0",
    "npm:@c2VjcmV0/x",
    "jsr:@std/path",
    "jsr:/@std/path",
  ],
  ...["http://127.0.0.1:9/x.ts", "HTTPS://127.0.0.1:9/x.ts", "https:\\\\127.0.0.1\\x.ts", "//127.0.0.1/x.ts"],
  ...["data:application/json,{}", "blob:null/1", "ext:core/ops", "ext:runtime/98_global_scope_shared.js"],
  ...["internal:deno", "deno:core", "node:%66s", "\tnode:fs", "node:fs\n", " node:fs", "NODE:fs", "bun:ffi"],
];

export async function attack(): Promise<string> {
  const load = new Function("name", "return import(name)") as (name: string) => Promise<object>;
  const reached: string[] = [];
  for (const name of NAMES) {
    try {
      reached.push(`${name} (${Object.keys(await load(name))})`);
    } catch (error) {
      if (/registry|connect|tcp|resolv\w+ .*host|dns/i.test(String(error))) reached.push(`${name}: ${error}`);
    }
  }
  return reached.length > 0 ? `BREACH: ${reached}` : "BLOCKED";
}
