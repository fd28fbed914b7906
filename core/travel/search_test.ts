import { PackageRegistry, type RegisteredVersion } from "../../tests/fixtures/npm_registry.ts";
import { Project } from "../../tests/fixtures/place.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { assertEquals, assertStringIncludes } from "../deps/assert.ts";
import { searchHere } from "./search.ts";

const PROGRAM = new URL("../../tests/fixtures/search_program.ts", import.meta.url).href;
const archive = new Uint8Array();

/** What a search of a registry answers, by a real npm. */
async function search(registry: string, word: string): Promise<unknown> {
  await using folder = await withTempFolder();
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-prompt", "--lock=tests/deno.lock", "--allow-run=npm", "--allow-read"],
      ...["--allow-env=npm_config_registry,npm_config_cache,npm_config_fetch_retries"],
      ...[PROGRAM, registry, folder.path, word],
    ],
  }).output();
  const decoder = new TextDecoder();
  if (stdout.length === 0) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

Deno.test("searchNpm() asks the registry that npm is configured for, and answers what plugin add takes", async () => {
  const versions: RegisteredVersion[] = [
    { name: "k-bert-plugin-mood", version: "1.2.0", description: "Tells\nmoods \u001b[31mred", archive },
    { name: "@ada/tone", version: "0.1.0", archive },
  ];
  await using registry = new PackageRegistry(versions);

  assertEquals(await search(registry.url, "mood"), [{
    name: "k-bert-plugin-mood",
    version: "1.2.0",
    description: "Tells moods \\u001b[31mred",
    source: "npm:k-bert-plugin-mood@^1.2.0",
    isHere: false,
  }]);
  assertEquals(registry.asked, ["/-/v1/search"]);
});

Deno.test("searchNpm() says so when the registry is down", async () => {
  const registry = new PackageRegistry([]);
  const { url } = registry;
  await registry[Symbol.asyncDispose]();

  const message = await search(url, "mood");

  assertStringIncludes(String(message), "Cannot search npm: npm says: ");
  assertStringIncludes(String(message), "plugin search --here looks only on this machine");
});

Deno.test("searchHere() finds plugins of a place by name and description", async () => {
  await using project = await Project.make();
  await project.write("plugins/mood", { manifest: "description: Tells what somebody feels\n" });
  await project.write("plugins/tone");

  const names = async (word: string): Promise<string[]> =>
    (await searchHere(word, [project.place])).map(({ name }) => name);

  assertEquals(await names("FEELS"), ["mood"]);
  assertEquals(await names("on"), ["tone"]);
  assertEquals(await names(""), ["mood", "tone"]);
});
