/**
 * What the plugin guide shows beside its examples that run: manifests, and the sources of example plugins.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "../core/deps/assert.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { parseManifest } from "../core/manifest/schema.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";

const GUIDE = "plugins/README.md";
const guide = await Deno.readTextFile(GUIDE);

Deno.test("the plugin guide's manifests are manifests", () => {
  const manifests = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)];

  assertGreater(manifests.length, 0);
  for (const [, text] of manifests) parseManifest(text!, GUIDE);
});

Deno.test("the plugin guide shows its example plugins as they are", async () => {
  const shown = [...guide.matchAll(/^<!-- (\S+\.ts) -->\n\n```ts\n(.*?)^```$/gms)];

  assertGreater(shown.length, 0);
  for (const [, path, code] of shown) {
    const source = await Deno.readTextFile(path!);
    const afterHeader = source.slice(source.indexOf("*/\n") + 3);
    assertEquals(code, afterHeader, `${GUIDE} shows another ${path}; copy what the file has`);
  }
});

Deno.test("the plugin guide runs all of its code", () => {
  const fences = [...guide.matchAll(/^```(\S.*)$/gm)].map(([, language]) => language!);

  assertEquals(new Set(fences), new Set(["ts", "yaml", "yaml ignore", "text"]));
});

Deno.test("the plugin guide knows every example plugin", async () => {
  using manager = new PluginManager({ createSandbox: workerSandbox });
  const { found, problems } = await manager.scan(["examples/plugins"]);

  assertEquals(problems, []);
  for (const { manifest } of found) {
    assert(guide.includes(`examples/plugins/${manifest.name}/`), `${GUIDE} does not show ${manifest.name}`);
  }
});
