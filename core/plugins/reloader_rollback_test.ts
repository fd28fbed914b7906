/**
 * The way back to the version before a reload: asked for, or because the new one crashed.
 *
 * @module
 */
import { EditedPlugin, whoIs } from "../../tests/fixtures/edited_plugin.ts";
import { delivered, until } from "../../tests/fixtures/fake_plugin.ts";
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";

Deno.test("PluginManager.rollback() brings the version before back, with the state of now, and does so once", async () => {
  const restored: unknown[] = [];
  await using edited = await EditedPlugin.start({
    serve: ({ method, args }, { code }) => {
      if (method === "$capture") return { version: 1, own: whoIs(code) };
      if (method === "$restore") restored.push(args[0]);
      return undefined;
    },
  });
  const { manager, heard } = edited.test;
  const first = edited.plugin.image.sha256;
  await edited.become("second");
  await manager.reload("sample");
  const second = edited.plugin.image.sha256;

  const report = await manager.rollback("sample", { reason: "the loss went up" });

  assertEquals([report.from, report.to, await edited.ask(), edited.running], [second, first, "first", [
    "first",
  ]]);
  assertEquals(restored, [{ version: 1, own: "first" }, { version: 1, own: "second" }]);
  assertEquals(heard("plugin.rolled_back"), [{
    ...{ plugin_name: "sample", from_sha256: second, to_sha256: first, reason: "the loss went up" },
  }]);
  assertEquals(heard("plugin.reloaded").length, 1);
  const error = await assertRejects(
    () => manager.rollback("sample"),
    KBertError,
    "There is no version of sample to go back to",
  );
  assertEquals([error.code, heard("plugin.reload_failed")], ["plugin/state", []]);
});

Deno.test("PluginManager.rollback() that fails leaves the new version, and can be tried again", async () => {
  let isBroken = true;
  await using edited = await EditedPlugin.start({
    serve: ({ method }, { code }) => {
      const fails = isBroken && method === "$restore" && whoIs(code) === "first";
      return fails ? Promise.reject(new Error("it has no place for a state of version 2")) : undefined;
    },
  });
  const { manager } = edited.test;
  await edited.become("second");
  await manager.reload("sample");

  await assertRejects(() => manager.rollback("sample"), KBertError, "no place for a state of version 2");
  assertEquals([await edited.ask(), edited.test.heard("plugin.rolled_back")], ["second", []]);
  isBroken = false;
  await manager.rollback("sample");

  assertEquals(await edited.ask(), "first");
});

Deno.test("PluginManager lets a version that crashes on trial be followed by the one before, not started again", async () => {
  await using edited = await EditedPlugin.start({ load: { restart: { baseDelayMs: 1 } } });
  const { manager, places, heard } = edited.test;
  await edited.become("second");
  await manager.reload("sample");

  places[1]!.options.onFailure("its worker failed: boom");
  assertEquals(await edited.ask(), "first");
  await delivered();

  assertEquals([heard("plugin.rolled_back").length, heard("plugin.restarted")], [1, []]);
  assertEquals(edited.running, ["first"]);
});

Deno.test("PluginManager starts a plugin again that crashed on trial and could not be brought back", async () => {
  let isBroken = false;
  await using edited = await EditedPlugin.start({
    load: { restart: { baseDelayMs: 1 } },
    serve: ({ method }, { code }) => {
      const fails = isBroken && method === "$initialize" && whoIs(code) === "first";
      return fails ? Promise.reject(new Error("no soup")) : undefined;
    },
  });
  const { manager, places, heard } = edited.test;
  await edited.become("second");
  await manager.reload("sample");
  isBroken = true;

  places[1]!.options.onFailure("its worker failed: boom");
  await assertRejects(() => edited.ask(), KBertError, "no soup");
  await until(() => heard("plugin.restarted").length > 0);

  assertEquals([await edited.ask(), edited.running], ["second", ["second"]]);
  assertEquals([heard("plugin.rolled_back"), heard("plugin.crashed").length], [[], 2]);
});

Deno.test("PluginManager.rollback() starts the version before when the new one has failed, also after its trial", async () => {
  await using edited = await EditedPlugin.start({ load: { restart: false } });
  const { manager, places } = edited.test;
  await edited.become("second");
  await manager.reload("sample", { trialMs: 0 });
  places[1]!.options.onFailure("its worker failed: boom");
  assertEquals(edited.plugin.state, "failed");

  await manager.rollback("sample");

  assertEquals([edited.plugin.state, await edited.ask(), edited.running], ["active", "first", ["first"]]);
});

Deno.test("PluginManager.reload() starts what was saved when the version that serves crashes meanwhile", async () => {
  await using edited = await EditedPlugin.start({ load: { restart: false } });
  const { manager, places, heard } = edited.test;
  await edited.become("second");
  const hook = manager.hook({
    postInitialization: () => {
      hook[Symbol.dispose]();
      places[0]!.options.onFailure("its worker failed: boom");
    },
  });

  const result = await manager.reload("sample");

  assertEquals(result.kind === "reloaded" && result.fresh, ["what the version that failed remembered"]);
  assertEquals([await edited.ask(), edited.running], ["second", ["second"]]);
  assertEquals([heard("plugin.crashed").length, heard("plugin.reload_failed")], [1, []]);
});
