/**
 * Reloads by a manager that come at the same time, or to a plugin that does not run; and consent.
 *
 * @module
 */
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { EditedPlugin, whoIs } from "../../tests/fixtures/edited_plugin.ts";
import { delivered, until } from "../../tests/fixtures/fake_plugin.ts";
import { imageOf, never, type TestPlugin, type TestSandbox } from "../../tests/fixtures/test_plugins.ts";
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import { KBertError } from "../wall/errors.ts";
import type { Admitted } from "./admission.ts";

/** What the place of a version does in a phase, if it is that one. */
function inPhase(phase: string, who: string, answer: () => ReturnType<TestPlugin>): TestPlugin {
  return ({ method }, { code }) => method === phase && whoIs(code) === who ? answer() : undefined;
}

function crash({ options }: TestSandbox): void {
  options.onFailure("its worker failed: boom");
}

Deno.test("PluginManager.reload() of one plugin come one after the other, each with what is saved then", async () => {
  const gate = Promise.withResolvers<undefined>();
  await using edited = await EditedPlugin.start({
    serve: inPhase("$restore", "second", async () => {
      await gate.promise;
      return [];
    }),
  });
  const { manager, places } = edited.test;
  await edited.become("second");
  const first = manager.reload("sample");
  await until(() => places.length === 2 && places[1]!.called.includes("$restore"));
  await edited.become("third");
  const reloads = [manager.reload("sample"), manager.reload("sample")];
  await delivered();
  assertEquals([places.length, edited.test.heard("plugin.reloaded")], [2, []]);

  gate.resolve(undefined);

  const results = await Promise.all([first, ...reloads]);
  assertEquals(results.map(({ kind }) => kind), ["reloaded", "reloaded", "unchanged"]);
  assertEquals(await edited.ask(), "third");
  assertEquals(places.map(({ code }) => whoIs(code)), ["first", "second", "third"]);
  assertEquals(edited.running, ["third"]);
});

Deno.test("PluginManager.reload() that fails does not stop the one after it", async () => {
  await using edited = await EditedPlugin.start({
    serve: inPhase("$initialize", "second", () => {
      throw new Error("no soup");
    }),
  });
  await edited.become("second");
  const first = edited.test.manager.reload("sample");
  const failing = assertRejects(() => first, KBertError, "no soup");
  await until(() => edited.test.places.length === 2);
  await edited.become("third");
  const second = edited.test.manager.reload("sample");

  await failing;
  assertEquals([(await second).kind, await edited.ask(), edited.running], ["reloaded", "third", ["third"]]);
});

for (const [when, phase] of [["compares", "shadow"], ["is started", "$initialize"]] as const) {
  Deno.test(`PluginManager.reload() gives up a version that ${when} in shadow mode for the next one`, async () => {
    const gate = Promise.withResolvers<undefined>();
    const serve = inPhase("$initialize", "second", () => phase === "shadow" ? undefined : gate.promise);
    await using edited = await EditedPlugin.start({ serve });
    const { manager, places } = edited.test;
    await edited.become("second");
    const first = manager.reload("sample", { shadow: { calls: 1_000, withinMs: 2_000 } });
    const failing = assertRejects(() => first, KBertError, "a newer version came meanwhile");
    await until(() => places[1]?.called.includes(phase === "shadow" ? "$activate" : "$initialize") ?? false);
    if (phase === "shadow") await delivered();
    await edited.become("third");

    const second = manager.reload("sample");
    gate.resolve(undefined);
    await failing;

    assertEquals([(await second).kind, await edited.ask(), edited.running], ["reloaded", "third", ["third"]]);
    assertEquals(edited.test.heard("plugin.reload_failed").length, 1);
  });
}

Deno.test("PluginManager.reload() asks for consent with what the version before has, and minds the answer", async () => {
  const asked: (Admitted | undefined)[] = [];
  const granted = { ...NO_PERMISSIONS, services: ["glossary"] };
  let isAllowed = true;
  await using edited = await EditedPlugin.start({
    admit: (_image, _port, _tier, before) => {
      asked.push(before);
      return isAllowed
        ? Promise.resolve({ permissions: granted })
        : Promise.reject(new Error("the user said no"));
    },
  });
  const { image } = edited.plugin;
  await edited.become("second");
  isAllowed = false;

  const error = await assertRejects(
    () => edited.test.manager.reload("sample"),
    KBertError,
    "the user said no",
  );
  assertEquals([error.detail, edited.test.places.length], [{ plugin: "sample", phase: "start" }, 1]);
  isAllowed = true;
  await edited.test.manager.reload("sample");

  assertEquals(asked, [undefined, { image, permissions: granted }, { image, permissions: granted }]);
  assertEquals([await edited.ask(), edited.test.heard("plugin.reload_failed").length], ["second", 1]);
});

Deno.test("PluginManager.reload() starts a plugin that has failed or is quarantined with the new code", async (t) => {
  for (const state of ["failed", "quarantined"] as const) {
    await t.step(state, async () => {
      const restart = { maxRestarts: state === "failed" ? 1 : 0, baseDelayMs: 60_000, maxDelayMs: 60_000 };
      using _clock = fakeTime();
      await using edited = await EditedPlugin.start({ load: { restart } });
      crash(edited.test.places[0]!);
      assertEquals(edited.plugin.state, state);

      const same = await edited.test.manager.reload("sample"); // it is not "unchanged": it does not run
      assertEquals([same.kind, edited.plugin.state, await edited.ask()], ["reloaded", "active", "first"]);
      crash(edited.test.places[1]!);
      await edited.become("second");
      await edited.test.manager.reload("sample");

      assertEquals([edited.plugin.state, await edited.ask(), edited.running], ["active", "second", [
        "second",
      ]]);
    });
  }
});

Deno.test("PluginManager.reload() that cannot start a plugin which has failed says that it does not run", async () => {
  await using edited = await EditedPlugin.start({
    load: { restart: false },
    serve: inPhase("$activate", "second", () => {
      throw new Error("no soup");
    }),
  });
  crash(edited.test.places[0]!);
  await edited.become("second");

  const error = await assertRejects(() => edited.test.manager.reload("sample"), KBertError);

  assert(error.message.endsWith("no soup; it is failed"), error.message);
  assertEquals([error.detail, edited.running], [{ plugin: "sample", phase: "activate" }, []]);
});

Deno.test("PluginManager.reload() gives a plugin that was not started, or is deactivated, only the code", async () => {
  await using edited = await EditedPlugin.start({ isStarted: false });
  const { plugin, test: { manager, places } } = edited;
  await edited.become("second");
  await manager.reload("sample");
  assertEquals([plugin.state, places.length], ["discovered", 0]);
  await plugin.initialize();
  await plugin.activate();
  assertEquals(await edited.ask(), "second");

  await plugin.deactivate();
  await edited.become("third");
  await manager.reload("sample");
  assertEquals([plugin.state, edited.running], ["deactivated", []]);
  await plugin.initialize();
  await plugin.activate();

  assertEquals([await edited.ask(), edited.running], ["third", ["third"]]);
});

Deno.test("PluginManager.reload() takes an image, and needs one for a plugin that has no folder", async () => {
  await using edited = await EditedPlugin.start();
  const { manager } = edited.test;
  const { location: _, ...image } = await imageOf("words");
  const words = await manager.start(image);
  const next = await imageOf("words", "version: 2.0.0\n");

  await assertRejects(
    () => manager.reload("words"),
    KBertError,
    "it was not loaded from a folder, so give reload()",
  );
  await manager.reload("words", { image: next });

  assertEquals([words.version, words.image], ["2.0.0", next]);
});

Deno.test("PluginManager.reload() reads the folder again after it was given an image from elsewhere", async () => {
  await using edited = await EditedPlugin.start();
  const { manager } = edited.test;

  await manager.reload("sample", { image: await imageOf("sample", "version: 2.0.0\n") });
  assertEquals([edited.plugin.version, edited.plugin.image.location], ["2.0.0", edited.path]);
  await edited.become("second");
  await manager.reload("sample");

  assertEquals([edited.plugin.version, await edited.ask()], ["1.0.0", "second"]);
});

Deno.test("PluginManager.reload() and rollback() say what was probably meant by a name that is not loaded", async () => {
  await using edited = await EditedPlugin.start();
  const { manager } = edited.test;

  for (const find of [() => manager.reload("sampel"), () => manager.rollback("sampel")]) {
    const error = await assertRejects(find, KBertError, "No plugin sampel is loaded; did you mean sample?");
    assertEquals([error.code, error.detail], ["plugin/unknown", { plugin: "sampel", nearest: "sample" }]);
  }
  assertEquals(edited.test.heard("plugin.reload_failed"), []);
});

Deno.test("PluginManager ends a reload that goes on, and those that wait, when it is disposed of", async () => {
  const edited = await EditedPlugin.start({ serve: inPhase("$initialize", "second", never) });
  const { manager, places } = edited.test;
  await edited.become("second");
  const ends = [manager.reload("sample"), manager.reload("sample")].map((reload) =>
    assertRejects(() => reload, KBertError)
  );
  await until(() => places.length === 2);

  await edited[Symbol.asyncDispose]();

  assertEquals((await Promise.all(ends)).map(({ code }) => code), ["plugin/reload", "plugin/reload"]);
  assertEquals(places.map(({ disposals }) => disposals), [1, 1]);
});
