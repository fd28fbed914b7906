import { assertEquals, assertMatch } from "../deps/assert.ts";
import { PluginManager } from "../plugins/manager.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import { workerSandbox } from "../../workers/worker_sandbox.ts";
import { checkPlugin, type TryStart } from "./check_plugin.ts";
import { formatFinding } from "./finding.ts";
import { newPlugin } from "./new_plugin.ts";

const tryStart: TryStart = async (image, port, settings) => {
  const admission = { permissions: NO_PERMISSIONS, tier: "worker" } as const;
  await using manager = new PluginManager({
    createSandbox: workerSandbox,
    admit: () => Promise.resolve(admission),
  });
  await (await manager.load(image, { port, settings })).initialize();
};

/** A new plugin that can be changed; gone afterwards. */
class Changed implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Changed> {
    const folder = await Deno.makeTempDir();
    await newPlugin({ name: "words", port: "plugin", folder });
    return new Changed(folder);
  }

  async edit(file: string, from: string | RegExp, to: string): Promise<void> {
    const text = await Deno.readTextFile(`${this.folder}/${file}`);
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`${file} has no ${from}`);
    await Deno.writeTextFile(`${this.folder}/${file}`, changed);
  }

  /** The findings as lines; types are checked by `deno check`, which some tests can do without. */
  async check(): Promise<string[]> {
    const { findings } = await checkPlugin(this.folder, tryStart);
    return findings.map((finding) => formatFinding(finding, ""));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("checkPlugin() finds nothing in a new plugin, and says which code it checked", async () => {
  await using plugin = await Changed.make();

  const report = await checkPlugin(plugin.folder, tryStart);

  assertEquals(report.findings, []);
  assertEquals(report.plugin, { name: "words", version: "0.1.0" });
  assertMatch(report.sha256!, /^[0-9a-f]{64}$/);
});

Deno.test("checkPlugin() says everything at once, each with its place", async () => {
  await using plugin = await Changed.make();
  await plugin.edit("plugin.yaml", "- words.counted", "- words.counts");
  await plugin.edit("plugin.yaml", "default: 1", "default: 2");
  await plugin.edit(
    "plugin.yaml",
    "license: MIT",
    'license: MIT\ndependencies: ["npm:left@1.0.0"]\npermissions: { env: [LANG] }',
  );
  await plugin.edit("words.ts", "this.#total += words;", "this.#total += `${words}`;");

  assertEquals((await plugin.check()).map((line) => line.replace(/(TS2322).*/, "$1")), [
    "plugin.yaml:7:16 warning packages/unused npm:left@1.0.0 is in dependencies, and nothing in the code imports it",
    "plugin.yaml:8:22 warning rights/unused LANG is in permissions.env, and nothing in the code uses it",
    "plugin.yaml:13:1 problem settings/differ The code of the plugin words declares other settings than its " +
    "plugin.yaml: min_length.default is 1 in the code and 2 in plugin.yaml",
    "plugin.yaml:22:7 warning topics/unused words.counts is in events.emits, and nothing in the code uses it",
    "words.ts:39:5 problem types Type 'string' is not assignable to type 'number' (TS2322",
    "words.ts:40:11 problem topics/undeclared It emits words.counted, which is not in events.emits of plugin.yaml; " +
    "did you mean words.counts?",
  ]);
});

Deno.test("checkPlugin() tells all problems of a manifest, or that there is none", async () => {
  await using plugin = await Changed.make();
  await plugin.edit("plugin.yaml", "version: 0.1.0", "version: one\ncolour: red");

  assertEquals(await plugin.check(), [
    'plugin.yaml:3:1 problem manifest version: found "one", expected a version such as 1.2.3',
    "plugin.yaml:4:1 problem manifest colour: unknown setting, expected one of name, version, description, author, " +
    "license, entry_points, dependencies, configuration, compatibility, permissions, events, limits",
  ]);
  await Deno.remove(`${plugin.folder}/plugin.yaml`);
  assertMatch(
    (await plugin.check()).join("\n"),
    /^plugin\.yaml:1:1 problem manifest Cannot read .*: there is no such file$/,
  );
});

Deno.test("checkPlugin() says what the vetting refuses, and goes on as far as it can", async () => {
  await using plugin = await Changed.make();
  await plugin.edit("words.ts", "/** Counts words. */", 'import "node:fs";\nthis_is_not_declared();\n');
  await plugin.edit("plugin.yaml", "- words.counted", "- words.gone");

  const lines = await plugin.check();

  assertEquals(lines.map((line) => line.split(" ").slice(0, 3).join(" ")), [
    "words.ts:27:1 problem vetting",
    "words.ts:28:1 problem types",
    "words.ts:42:11 problem topics/undeclared",
  ]);
  assertMatch(lines[1]!, /Cannot find name 'this_is_not_declared'.* \(TS2304\)$/);
});

Deno.test("checkPlugin() says that an entry does not export its class", async () => {
  await using plugin = await Changed.make();
  await plugin.edit("plugin.yaml", "words:Words", "words:Wrods");

  assertMatch(
    (await plugin.check()).join("\n"),
    /^plugin\.yaml:9:3 problem entry .*does not export Wrods; it exports Words$/,
  );
});

Deno.test("checkPlugin() notes why the settings were not compared", async () => {
  await using plugin = await Changed.make();
  await plugin.edit(
    "words.ts",
    "super(config, eventBus);",
    'super(config, eventBus);\n    throw new Error("no luck");',
  );

  const lines = await plugin.check();

  assertEquals(lines.length, 1);
  assertMatch(
    lines[0]!,
    /^words\.ts:\d+:\d+ note settings\/skipped .* as a plugin it does not start .*: .*no luck$/,
  );
});
