/** Imports files beside its own folder, as JSON, text, bytes and code, and quotes what an error says of them. */
export const meta = { class: "read" };

const FILES = ["secret.txt", "key.json", "neighbour.ts"];
const PLACES = [
  "/FIXTURES/",
  "file:///FIXTURES/",
  "../fixtures/",
  "./../fixtures/",
  "./%2e%2e/fixtures/",
  "..\\fixtures\\",
];

export async function attack(): Promise<string> {
  const load = new Function("name", "options", "return import(name, options)") as (
    name: string,
    options?: unknown,
  ) => Promise<object>;
  const got: string[] = [];
  for (const place of PLACES) {
    for (const file of FILES) {
      for (const type of [undefined, "json", "text", "bytes", "css", "wasm"]) {
        const options = type === undefined ? undefined : { with: { type } };
        try {
          got.push(JSON.stringify(await load(place + file, options)));
        } catch (error) {
          if (/CANARY/.test(String(error))) got.push(String(error));
        }
      }
    }
  }
  return got.length > 0 ? `BREACH: ${got.slice(0, 2)}` : "BLOCKED";
}
