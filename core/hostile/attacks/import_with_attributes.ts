/** Asks for a file of the host as JSON, text or bytes. */
export const meta = { class: "read" };

export async function attack(): Promise<string> {
  const load = new Function("name", "type", "return import(name, { with: { type } })") as (
    name: string,
    type: string,
  ) => Promise<{ default: unknown }>;
  const got: string[] = [];
  for (const type of ["json", "text", "bytes", "css"]) {
    for (const name of ["file:///etc/passwd", "./main.ts", "plugin:///main.ts", "../deno.json"]) {
      try {
        got.push(`${type} of ${name}: ${String((await load(name, type)).default).slice(0, 40)}`);
      } catch (error) {
        if (String(error).includes("root:")) got.push(`${type} of ${name} in an error`);
      }
    }
  }
  return got.length > 0 ? `BREACH: ${got}` : "BLOCKED";
}
