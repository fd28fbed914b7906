/**
 * The name of the SDK in the plugins that come with k-bert, where k-bert came from a package: there, publishing
 * has written the path `"../sdk/mod.ts"` for the import map's name `"k-bert/sdk"`, and no plugin may import it.
 *
 * The name is put back into the text, before anything is vetted or hashed. So it allows nothing, and the image
 * of a plugin is the same one wherever k-bert came from.
 *
 * @module
 */

/** The folder that those plugins are in. */
const OWN = new URL("../../plugins/", import.meta.url).href;

const SDK_PATH = /(\b(?:from|import)\s*\(?\s*)(["'])(?:\.\.\/)+sdk\/(mod|tensors|tables)\.ts\2/g;

/**
 * The bytes of a file, with the names of the SDK if it is code of a plugin in `own`.
 *
 * @param own URL of a folder of plugins; that of k-bert's own if left out
 * @example
 * ```ts
 * import { withSdkNames } from "./sdk_names.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const own = "https://example.com/k-bert/plugins/";
 * const written = new TextEncoder().encode('import { tf } from "../sdk/tensors.ts";');
 * const read = (url: string) => new TextDecoder().decode(withSdkNames(written, url, own));
 * assertEquals(read(`${own}spam_head/head.ts`), 'import { tf } from "k-bert/sdk/tensors";');
 * assertEquals(read("https://example.com/spam_head/head.ts"), 'import { tf } from "../sdk/tensors.ts";');
 * ```
 */
export function withSdkNames(bytes: Uint8Array, url: string, own: string = OWN): Uint8Array {
  if (!url.startsWith(own) || !url.endsWith(".ts")) return bytes;
  const text = new TextDecoder().decode(bytes).replace(
    SDK_PATH,
    (_, before: string, quote: string, part: string) =>
      `${before}${quote}k-bert/sdk${part === "mod" ? "" : `/${part}`}${quote}`,
  );
  return new TextEncoder().encode(text);
}
