/**
 * Plugins of a manager that are reloaded when their files are saved, in folders on disk.
 *
 * @module
 */
import { EditedPlugin, whoIs } from "../../tests/fixtures/edited_plugin.ts";
import { until as turns } from "../../tests/fixtures/fake_plugin.ts";
import { imageOf, testManager } from "../../tests/fixtures/test_plugins.ts";
import { assertEquals } from "../deps/assert.ts";

/** Quick, because no editor is at work. */
const WATCH = { quietMs: 10, patienceMs: 50 };
/** Until the next look finds something, and it was told. */
const QUIET_MS = 600;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000 && !condition(); turn++) await pause(10);
  if (!condition()) throw new Error("What was waited for did not happen");
}

/** Names of plugins that were told of, in order. */
function told(
  { test }: EditedPlugin,
  topic: "plugin.reloaded" | "plugin.reload_failed" | "log.warning",
): unknown[] {
  return test.heard(topic).map((payload) => (payload as { plugin_name?: string }).plugin_name ?? payload);
}

Deno.test("PluginManager.watch() reloads what is saved, and tries again with the next save if that fails", async () => {
  await using edited = await EditedPlugin.start();
  using _watch = edited.test.manager.watch(WATCH);

  await edited.save({ "lib/main.ts": "export class Main {" });
  await until(() => told(edited, "plugin.reload_failed").length > 0);
  assertEquals(await edited.ask(), "first");
  await edited.become("second");
  await until(() => told(edited, "plugin.reloaded").length > 0);

  assertEquals(await edited.ask(), "second");
  assertEquals([told(edited, "plugin.reload_failed"), told(edited, "plugin.reloaded")], [["sample"], [
    "sample",
  ]]);
});

Deno.test("PluginManager.watch() reloads all uses of a folder, whatever becomes of the others", async () => {
  let isFirst = true;
  await using edited = await EditedPlugin.start({
    serve: ({ method }, { code }) => {
      if (method !== "$restore" || whoIs(code) !== "second" || !isFirst) return undefined;
      isFirst = false;
      throw new Error("no soup");
    },
  });
  const { manager } = edited.test;
  using _watch = manager.watch(WATCH);
  const other = await manager.start(edited.path); // and those that are loaded later

  await edited.become("second");
  await until(() => told(edited, "plugin.reloaded").length > 0);

  assertEquals([told(edited, "plugin.reload_failed"), told(edited, "plugin.reloaded")], [["sample"], [
    "sample#2",
  ]]);
  assertEquals([await edited.ask(), await other.call("echo", [])], ["first", "second"]);
});

Deno.test("PluginManager.watch() passes over a use that is unloaded while another one is reloaded", async () => {
  const gate = Promise.withResolvers<undefined>();
  await using edited = await EditedPlugin.start({
    serve: ({ method }, { code }) =>
      method === "$restore" && whoIs(code) === "second" ? gate.promise : undefined,
  });
  const { manager, places } = edited.test;
  const second = await manager.start(edited.path);
  const third = await manager.start(edited.path);
  using _watch = manager.watch(WATCH);

  await edited.become("second");
  await until(() => places.length === 4 && places[3]!.called.includes("$restore"));
  await second.unload();
  gate.resolve(undefined);
  await until(() => told(edited, "plugin.reloaded").length === 2);

  assertEquals([told(edited, "plugin.reloaded"), await third.call("echo", [])], [
    ["sample", "sample#3"],
    "second",
  ]);
  assertEquals([told(edited, "plugin.reload_failed"), told(edited, "log.warning")], [[], []]);
});

Deno.test("PluginManager.watch() ends with the last use of a folder, and with what it answers", async () => {
  await using edited = await EditedPlugin.start();
  const { manager } = edited.test;
  const watch = manager.watch(WATCH);
  const other = await manager.start(edited.path);

  await edited.plugin.unload();
  await edited.become("second");
  await until(() => told(edited, "plugin.reloaded").length > 0);
  watch[Symbol.dispose]();
  await edited.become("third");
  await pause(QUIET_MS);

  assertEquals([told(edited, "plugin.reloaded"), await other.call("echo", [])], [["sample#2"], "second"]);
  assertEquals(edited.test.heard("plugin.reload_failed"), []);
});

Deno.test("PluginManager.watch() passes over a plugin that has no folder, and needs none", async () => {
  await using test = testManager();
  const { location: _, ...image } = await imageOf("words");
  await test.manager.start(image);
  await test.manager.load({ ...image, location: "https://example.com/words" });

  using _watch = test.manager.watch(WATCH);
  await turns(() => true);

  assertEquals(test.heard("log.warning"), []);
});

Deno.test("PluginManager.watch() keeps a place ready for each active plugin, of the kind that it needs now", async () => {
  const kept: string[] = [];
  const keepWarm = (kit: string, tier: string): Disposable => {
    kept.push(`${kit} ${tier}`);
    return { [Symbol.dispose]: () => void kept.push(`no ${kit} ${tier}`) };
  };
  await using edited = await EditedPlugin.start({ keepWarm, isStarted: false });
  const { plugin, test: { manager } } = edited;
  const watch = manager.watch(WATCH);
  assertEquals(kept, []);
  await plugin.initialize();
  await plugin.activate();
  assertEquals(kept, ["plain worker"]);
  const other = await manager.start(edited.path);
  assertEquals(kept, ["plain worker", "plain worker"]);

  await other.unload();
  assertEquals(kept.splice(0), ["plain worker", "plain worker", "no plain worker"]);
  await edited.save({
    "lib/main.ts": 'import { tf } from "k-bert/sdk/tensors";\nexport class Main {}\nexport const who = tf;\n',
  });
  await until(() => kept.length === 2);
  assertEquals(kept.splice(0), ["no plain worker", "tensors worker"]);
  watch[Symbol.dispose]();

  assertEquals(kept, ["no tensors worker"]);
});
