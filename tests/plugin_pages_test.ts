import { assertEquals, assertGreater, assertStringIncludes } from "../core/deps/assert.ts";
import { pagesOf } from "../core/manifest/build_pages.ts";

Deno.test("every plugin that comes with k-bert has a page that says what its manifest says", async () => {
  const pages = await pagesOf("plugins");

  assertGreater(pages.size, 5);
  for (const [path, page] of pages) {
    const written = await Deno.readTextFile(path).catch(() => "");
    assertEquals(written, page, `${path} is not what it would be now; run deno task build:pages`);
  }
});

Deno.test("every plugin that comes with k-bert is in the README's list", async () => {
  const readme = await Deno.readTextFile("README.md");

  for (const path of (await pagesOf("plugins")).keys()) {
    const folder = path.slice(0, -"/README.md".length);
    assertStringIncludes(readme, `[\`${folder.slice("plugins/".length)}\`](${folder})`);
  }
});
