/**
 * What the plugin guide shows beside its examples that run: manifests, and the sources of example plugins.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "../core/deps/assert.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { PROGRAM } from "../cli.ts";
import { parseOptions } from "../core/cli/options.ts";
import { parseManifest } from "../core/manifest/schema.ts";
import { parseRegistry } from "../core/travel/registry_file.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";

const GUIDE = "plugins/README.md";
const guide = await Deno.readTextFile(GUIDE);

Deno.test("the plugin guide's manifests are manifests", () => {
  const manifests = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)];

  assertGreater(manifests.length, 0);
  for (const [, text] of manifests) parseManifest(text!, GUIDE);
});

Deno.test("the plugin guide's registry is one", () => {
  const registries = [...guide.matchAll(/^```yaml registry\n(.*?)^```$/gms)];

  assertGreater(registries.length, 0);
  for (const [, text] of registries) assertGreater(parseRegistry(text!, GUIDE).plugins.length, 0);
});

for (const page of [GUIDE, "README.md"]) {
  Deno.test(`the command lines of ${page} are ones that the program takes`, async () => {
    const shell = [...(await Deno.readTextFile(page)).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) =>
      text!
    );
    const lines = shell.join("").split("\n").flatMap((line) =>
      /^(?:deno task )?k-bert ([a-z].*)$/.exec(line)?.[1] ?? []
    );

    assertGreater(lines.length, 0);
    for (const line of lines) requireCommand(line.replace(/\s+#.*$/, "").replace(/ >> .*$/, "").split(/\s+/));
  });
}

/** Its words, its options and the number of its arguments; not what they are. */
function requireCommand(words: readonly string[]): void {
  const command = PROGRAM.commands.find(({ name }) =>
    name.split(" ").every((word, at) => word === words[at])
  );
  assert(command !== undefined, `There is no command ${words.join(" ")}`);
  const kinds = Object.fromEntries(Object.entries(command.options).map(([name, { kind }]) => [name, kind]));
  parseOptions(words.slice(command.name.split(" ").length), kinds);
}

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

  assertEquals(new Set(fences), new Set(["ts", "yaml", "yaml ignore", "yaml registry", "text", "sh"]));
});

Deno.test("the plugin guide knows every example plugin", async () => {
  using manager = new PluginManager({ createSandbox: workerSandbox });
  const { found, problems } = await manager.scan(["examples/plugins"]);

  assertEquals(problems, []);
  for (const { manifest } of found) {
    assert(guide.includes(`examples/plugins/${manifest.name}/`), `${GUIDE} does not show ${manifest.name}`);
  }
});
