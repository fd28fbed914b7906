/**
 * Writes the pages of the plugins in a folder anew; run it after a change of a manifest.
 *
 *     deno task build:pages
 *
 * @module
 */
import { moduleComment, pluginPage } from "./page.ts";
import { parseManifest, splitEntryPoint } from "./schema.ts";

if (import.meta.main) {
  const [folder = ""] = Deno.args;
  for (const [path, page] of await pagesOf(folder)) await Deno.writeTextFile(path, page);
}

/** Path → page, of each plugin in a folder. */
export async function pagesOf(folder: string): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const plugin = `${folder}/${name}`;
    const text = isDirectory
      ? await Deno.readTextFile(`${plugin}/plugin.yaml`).catch(() => undefined)
      : undefined;
    if (text === undefined) continue;
    const manifest = parseManifest(text, `${plugin}/plugin.yaml`);
    const entry = Object.values(manifest.entry_points).find((one) => one !== undefined)!;
    const source = await Deno.readTextFile(`${plugin}/${splitEntryPoint(entry).file}`);
    pages.set(`${plugin}/README.md`, pluginPage(manifest, plugin, moduleComment(source)));
  }
  return pages;
}
