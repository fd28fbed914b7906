/**
 * Plugins that a manager finds in folders, and starts in the order in which they need each other.
 *
 * @module
 */
import { imageOf, testManager, writePlugin } from "../../tests/fixtures/test_plugins.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";

const needs = (...plugins: string[]): string => `dependencies: [${plugins.map((one) => `"${one}"`)}]\n`;

Deno.test("PluginManager.scan() finds plugins by their manifests, and start() takes them by name", async () => {
  await using test = testManager();
  const { manager, places } = test;
  await using folder = await withTempFolder();
  await writePlugin(folder.path, "words");
  await writePlugin(folder.path, "spam_head", "", "another_name");
  await Deno.mkdir(`${folder.path}/broken`);
  await Deno.writeTextFile(`${folder.path}/broken/plugin.yaml`, "name: 5\n");

  const report = await manager.scan([folder.path]);
  const plugin = await manager.start("spam_head");

  assertEquals(report.found.map(({ manifest: { name } }) => name), ["spam_head", "words"]);
  assertEquals(report.problems.map(({ code, path }) => [code, path.split("/").at(-1)]), [
    ["manifest", "broken"],
  ]);
  assertEquals([plugin.name, plugin.state, places.length], ["spam_head", "active", 1]);
});

Deno.test("PluginManager says what was probably meant by a name that no scan found", async () => {
  await using test = testManager();
  const { manager, places } = test;
  await using folder = await withTempFolder();
  await writePlugin(folder.path, "spam_head");
  await manager.scan([folder.path]);

  for (const find of [() => manager.load("spam_haed"), () => manager.start("spam_haed")]) {
    const error = await assertRejects(find, KBertError, "did you mean spam_head?");
    assertEquals([error.code, error.detail], [
      "plugin/unknown",
      { plugin: "spam_haed", nearest: "spam_head" },
    ]);
  }
  assertEquals(places.length, 0);
});

Deno.test("PluginManager.scan() reports two plugins of one name, also from two scans, and the first one is used", async () => {
  await using test = testManager();
  const { manager } = test;
  await using folder = await withTempFolder();
  const [first, second] = [`${folder.path}/first`, `${folder.path}/second`];
  const winner = await writePlugin(first, "words", "version: 1.0.0\n", "b");
  await writePlugin(first, "words", "version: 2.0.0\n", "c");
  const late = await writePlugin(second, "words", "version: 3.0.0\n", "a");
  await writePlugin(second, "others");

  const one = await manager.scan([first]);
  const two = await manager.scan([second]);
  const three = await manager.scan([second]);
  const plugin = await manager.start("words");

  assertEquals(one.problems.map(({ code, plugin }) => [code, plugin]), [["duplicate", "words"]]);
  for (const { problems } of [two, three]) {
    const [problem] = problems;
    assertEquals([problems.length, problem?.code], [1, "duplicate"]);
    assertStringIncludes(problem!.message, await Deno.realPath(winner));
    assertStringIncludes(problem!.message, await Deno.realPath(late));
  }
  assertEquals([plugin.version, manager.registry.names], ["1.0.0", ["words", "others"]]);
});

Deno.test("PluginManager.start() starts first what a plugin needs, and what that needs, each once", async () => {
  await using test = testManager();
  const { manager, heard } = test;
  await using folder = await withTempFolder();
  await writePlugin(folder.path, "head", needs("words>=1.0.0", "extras"));
  await writePlugin(folder.path, "extras", needs("words"));
  await writePlugin(folder.path, "words", "version: 1.2.0\n");
  await writePlugin(folder.path, "nobody_needs_this");
  await manager.scan([folder.path]);

  const head = await manager.start("head");
  const other = await manager.start("head");

  const activated = heard("plugin.activated") as { plugin_name: string }[];
  assertEquals(activated.map(({ plugin_name }) => plugin_name), ["words", "extras", "head", "head#2"]);
  assertEquals([head.name, other.name], ["head", "head#2"]);
  assertEquals(manager.plugins.map(({ name }) => name), ["words", "extras", "head", "head#2"]);
  assertEquals(heard("plugin.initialized")[2], {
    plugin_name: "head",
    version: "1.0.0",
    dependencies: ["words>=1.0.0", "extras"],
  });
});

Deno.test("PluginManager.startAll() orders by needs, then by priority, then as it was told", async () => {
  await using test = testManager();
  const { manager, places } = test;
  const plain = await imageOf("plain");
  const urgent = await imageOf("urgent");
  const words = await imageOf("words");
  const head = await imageOf("head", needs("words"));

  const started = await manager.startAll([
    { plugin: head, priority: 9 },
    { plugin: plain, priority: 1, as: "a" },
    { plugin: plain, enabled: false, as: "b" },
    { plugin: words },
    { plugin: urgent, priority: 5 },
    { plugin: plain, priority: 1, as: "c" },
  ]);

  const order = ["urgent", "a", "c", "words", "head"];
  assertEquals(started.map(({ name }) => name), order);
  assertEquals(places.map(({ options: { name } }) => name), order);
  assertEquals(await manager.startAll([]), []);
  assertEquals(await manager.startAll([{ plugin: plain, enabled: false }]), []);
});

Deno.test("PluginManager.startAll() refuses a set that cannot start, with the chain, before it starts any", async (t) => {
  await using folder = await withTempFolder();
  await writePlugin(folder.path, "head", needs("words>=2.0.0"));
  await writePlugin(folder.path, "words", "version: 1.2.0\n");
  await writePlugin(folder.path, "alone", needs("missing"));
  await writePlugin(folder.path, "ring_a", needs("ring_b"));
  await writePlugin(folder.path, "ring_b", needs("ring_a"));
  const cases: Record<string, [names: string[], message: string]> = {
    "another version": [["head"], "head → words: head needs words >=2.0.0 and words is 1.2.0"],
    "a missing one": [["alone"], "alone → missing: no plugin missing was found"],
    "a circle": [["ring_a"], "ring_a → ring_b → ring_a: plugins that need each other in a circle"],
    "one of several": [["words", "alone"], "alone → missing"],
  };
  for (const [what, [names, message]] of Object.entries(cases)) {
    await t.step(what, async () => {
      await using test = testManager();
      await test.manager.scan([folder.path]);
      const start = (): Promise<unknown> => test.manager.startAll(names.map((plugin) => ({ plugin })));
      const error = await assertRejects(start, KBertError, message);
      assertEquals([error.code, test.places.length], ["plugin/dependency", 0]);
    });
  }
  await t.step("one that is disabled", async () => {
    await using test = testManager();
    await test.manager.scan([folder.path]);
    const uses = [{ plugin: await imageOf("needy", needs("words")) }, { plugin: "words", enabled: false }];
    const error = await assertRejects(() => test.manager.startAll(uses), KBertError, "words is disabled");
    assertEquals([error.code, test.places.length], ["plugin/dependency", 0]);
  });
});

Deno.test("PluginManager.startAll() unloads what it started when one fails, the last one first, and nothing else", async () => {
  const deactivated: string[] = [];
  await using test = testManager(({ method }, { options: { name } }) => {
    if (method === "$activate" && name === "broken") throw new Error("no way");
    if (method === "$deactivate") deactivated.push(name);
    return undefined;
  });
  const { manager, places, heard } = test;
  await using folder = await withTempFolder();
  await writePlugin(folder.path, "words");
  await writePlugin(folder.path, "head", needs("words"));
  await writePlugin(folder.path, "broken", needs("head"));
  await manager.scan([folder.path]);
  const before = await manager.start(await imageOf("before"));

  const start = (): Promise<unknown> =>
    manager.startAll([{ plugin: "broken" }, { plugin: "never_reached", priority: -1 }, { plugin: "words" }]);
  await writePlugin(folder.path, "never_reached");
  await manager.scan([folder.path]);
  const error = await assertRejects(start, KBertError, "The plugin broken cannot be activated: no way");

  assertEquals([error.code, deactivated], ["call/failed", ["head", "words"]]);
  assertEquals(places.map(({ options: { name }, disposals }) => [name, disposals]), [
    ["before", 0],
    ["words", 1],
    ["head", 1],
    ["broken", 1],
  ]);
  assertEquals([manager.plugins, before.state], [[before], "active"]);
  const unloaded = heard("plugin.unloaded") as { plugin_name: string }[];
  assertEquals(unloaded.map(({ plugin_name }) => plugin_name), ["broken", "head", "words"]);
});

Deno.test("PluginManager.startAll() starts nothing more when its manager is disposed of meanwhile", async () => {
  await using test = testManager(({ method }, { options: { name } }) => {
    if (method === "$activate" && name === "first") test.manager[Symbol.dispose]();
    return undefined;
  });
  const { manager, places } = test;
  const uses = [{ plugin: await imageOf("first") }, { plugin: await imageOf("second") }];

  const error = await assertRejects(() => manager.startAll(uses), KBertError);

  assertEquals(error.code, "plugin/closed");
  assertEquals(places.map(({ options: { name }, disposals }) => [name, disposals]), [["first", 1]]);
  assertEquals(manager.plugins, []);
});

Deno.test("PluginManager.start() starts what a plugin needs also if it is loaded but not active", async () => {
  await using test = testManager();
  const { manager } = test;
  await using folder = await withTempFolder();
  await writePlugin(folder.path, "words");
  await writePlugin(folder.path, "spam_head", needs("words"));
  await manager.scan([folder.path]);
  const idle = await manager.load("words");

  await manager.start("spam_head");

  assertEquals(idle.state, "discovered");
  assertEquals(manager.plugins.map(({ name, state }) => [name, state]), [
    ["words", "discovered"],
    ["words#2", "active"],
    ["spam_head", "active"],
  ]);
});
