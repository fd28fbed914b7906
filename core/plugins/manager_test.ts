import { imageOf, never, testManager, writePlugin } from "../../tests/fixtures/test_plugins.ts";
import { settled, until } from "../../tests/fixtures/test_port.ts";
import { withTempFolder } from "../../tests/fixtures/tiny_run.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";

const SETTINGS = "configuration: { width: { type: int, default: 4, min: 1 } }\n";

Deno.test("PluginManager.start() sends the image, the config and the seed, and answers the plugin", async () => {
  await using test = testManager();
  const { manager, places } = test;
  const image = await imageOf(
    "sample",
    `${SETTINGS}events: { listens: [news.*] }\npermissions: { services: [glossary] }\n`,
  );

  const plugin = await manager.start(image, { settings: { width: 8 }, seed: 7, priority: 3 });

  const [place] = places;
  const [load] = place!.calls;
  const request = load!.args[0] as Record<string, unknown>;
  const sources = (request["moduleSources"] as Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(place!.called, ["$load", "$initialize", "$activate"]);
  assertEquals([request["port"], request["entry"], request["exportName"], request["seed"]], [
    "plugin",
    "plugin:///lib/main.ts",
    "Main",
    7,
  ]);
  assertEquals(request["config"], {
    ...{ name: "sample", version: "1.0.0", enabled: true, priority: 3, dependencies: [], parameters: {} },
    width: 8,
  });
  assertEquals([request["listens"], request["services"]], [["news.*"], ["glossary"]]);
  assertEquals([request["moduleUrls"], sources], [[...image.modules.keys()], [...image.modules.values()]]);
  assertEquals([place!.options.name, place!.options.kit], ["sample", "plain"]);
  assertEquals([plugin.name, plugin.version, plugin.state, plugin.tier, plugin.openCalls, plugin.priority], [
    ...["sample", "1.0.0", "active", "worker"],
    ...[0, 3],
  ]);
  assertEquals([manager.plugins, manager.get("sample"), manager.get("other")], [[plugin], plugin, undefined]);
});

Deno.test("PluginManager.load() reads and vets a plugin, and runs nothing of it", async () => {
  await using test = testManager();
  const { manager, places } = test;
  await using folder = await withTempFolder();
  const path = await writePlugin(folder.path, "sample");

  const plugin = await manager.load(path, { port: "plugin" });

  assertEquals([plugin.state, plugin.image.modules.size, places.length], ["discovered", 1, 0]);
  assertEquals(manager.plugins, [plugin]);
  await plugin.initialize();
  assertEquals([plugin.state, places[0]!.called], ["initialized", ["$load", "$initialize"]]);
});

Deno.test("PluginManager.load() refuses what it can before it starts a place", async (t) => {
  await using test = testManager();
  const { manager, places } = test;
  const image = await imageOf("sample", SETTINGS);
  const both = await imageOf("both", "entry_points: { head: lib/main:Main, plugin: lib/main:Main }\n");
  const refused = async (start: () => Promise<unknown>, message: string): Promise<KBertError> =>
    await assertRejects(start, KBertError, message);

  await t.step("a port that the plugin has not", async () => {
    const message = "The plugin sample has no augmenter; it offers plugin";
    const error = await refused(() => manager.start(image, { port: "augmenter" }), message);
    assertEquals(error.code, "plugin/image");
  });
  await t.step("a plugin with several ports, of which none was said", async () => {
    const message = "The plugin both has several ports, so say which; it offers head, plugin";
    assertEquals((await refused(() => manager.start(both), message)).code, "plugin/image");
  });
  await t.step("settings that its manifest does not have, or does not allow", async () => {
    const settings = { widht: 8, width: 0 };
    const error = await refused(() => manager.start(image, { settings }), "the settings of sample");
    const problems = (error as KBertError<"document/invalid">).detail.problems;
    assertEquals([error.code, problems.map(({ path }) => path)], ["document/invalid", ["width", "widht"]]);
  });
  await t.step("settings, with the place where they stand", async () => {
    const text = "name: run\nplugins:\n  - width: many\n";
    const settingsSource = { text, path: ["plugins", 0], file: "k-bert.yaml" };
    const start = (): Promise<unknown> =>
      manager.start(image, { settings: { width: "many" }, settingsSource });
    await refused(start, "k-bert.yaml:3:5: plugins.0.width: ");
  });
  await t.step("a plugin for another k-bert", async () => {
    const old = await imageOf("old").then((image) => ({
      ...image,
      manifest: { ...image.manifest, compatibility: { k_bert_version: ">=99.0.0" } },
    }));
    assertEquals((await refused(() => manager.start(old), "99.0.0")).code, "plugin/incompatible");
  });

  assertEquals([places.length, manager.plugins.length], [0, 0]);
});

Deno.test("PluginManager gives every use of a plugin a name of its own", async () => {
  await using test = testManager();
  const { manager, places } = test;
  const image = await imageOf();

  const first = await manager.start(image);
  const named = await manager.start(image, { as: "left" });
  const second = await manager.start(image);
  const taken = await manager.start(image, { as: "left" });
  await second.unload();
  const again = await manager.start(image);

  assertEquals([first, named, second, taken, again].map(({ name }) => name), [
    ...["sample", "left", "sample#2", "left#2", "sample#2"],
  ]);
  assertEquals(
    places.map(({ calls: [load] }) => (load!.args[0] as { config: { name: string } }).config.name),
    [
      ...["sample", "left", "sample#2", "left#2", "sample#2"],
    ],
  );
  assertStrictEquals(manager.get("left#2"), taken);
});

Deno.test("PluginManager.start() leaves nothing running when the plugin does not start", async (t) => {
  const image = await imageOf("sample", SETTINGS);
  const limits = { callMs: 10 };

  for (const phase of ["load", "initialize", "activate"]) {
    await t.step(`because it throws in ${phase}`, async () => {
      await using test = testManager(({ method }) => {
        if (method === `$${phase}`) throw new Error("no class");
        return undefined;
      });
      const message = `The plugin sample cannot be ${phase === "load" ? "loaded" : `${phase}d`}: no class`;
      const error = await assertRejects(() => test.manager.start(image), KBertError, message);
      const failed = phase === "activate" ? "plugin.activation_failed" : "plugin.initialization_failed";
      assertEquals([error.code, test.places[0]?.disposals, test.manager.plugins.length], [
        "call/failed",
        1,
        0,
      ]);
      assertEquals(test.heard(failed), [{ plugin_name: "sample", error: message }]);
      assertEquals(test.heard("plugin.crashed"), []);
    });
    await t.step(`because it never answers ${phase}`, async () => {
      await using test = testManager(({ method }) => method === `$${phase}` ? never() : undefined);
      const start = (): Promise<unknown> => test.manager.start(image, { limits });
      const error = await assertRejects(start, KBertError, `$${phase}() within 10 ms`);
      assertEquals([error.code, test.places[0]?.disposals, test.manager.plugins.length], [
        "call/timeout",
        1,
        0,
      ]);
    });
  }
  await t.step("because it never says that it is ready", async () => {
    await using test = testManager(undefined, { ready: false });
    const start = (): Promise<unknown> => test.manager.start(image, { limits });
    const error = await assertRejects(start, KBertError, "it did not start within 10 ms");
    assertEquals([error.code, test.places[0]?.disposals], ["plugin/closed", 1]);
  });
  await t.step("because its place fails", async () => {
    await using test = testManager(undefined, { ready: false });
    const { manager, places } = test;
    const starting = assertRejects(() => manager.start(image), KBertError, "\\u001b[31mits worker failed");
    await until(() => places.length > 0);
    places[0]?.options.onFailure("\u001b[31mits worker failed");
    const error = await starting;
    assertEquals([error.code, error.detail, places[0]?.disposals], [
      "plugin/closed",
      { plugin: "sample", reason: "\\u001b[31mits worker failed" },
      1,
    ]);
  });
  await t.step("because it describes itself wrongly", async () => {
    for (const description of [null, {}, { methods: [{ name: "$load" }], configuration: "null" }]) {
      await using test = testManager(({ method }) => method === "$load" ? description ?? 5 : undefined);
      const error = await assertRejects(() => test.manager.start(image), KBertError, "describe itself");
      assertEquals([error.code, test.places[0]?.disposals], ["plugin/answer", 1]);
    }
  });
  await t.step("because its code declares other settings than its manifest", async () => {
    const configuration = JSON.stringify({ width: { type: "int", default: 5, min: 1 } });
    await using test = testManager(() => ({ methods: [], configuration }));
    const message = "The code of the plugin sample declares other settings than its plugin.yaml: ";
    const error = await assertRejects(() => test.manager.start(image), KBertError, message);
    assertEquals([error.code, test.places[0]?.disposals, test.manager.plugins.length], [
      "plugin/image",
      1,
      0,
    ]);
  });
});

Deno.test("PluginManager[Symbol.dispose]() ends every plugin at once, the last one first, and those that start", async () => {
  await using test = testManager(({ method }, { options: { name } }) =>
    method === "echo" || name === "sample#3" ? never() : undefined
  );
  const { manager, places, heard } = test;
  const image = await imageOf();
  await manager.start(image);
  const second = await manager.start(image);
  const call = assertRejects(() => second.call("echo", []), KBertError);
  const starting = assertRejects(() => manager.start(image), KBertError);
  await until(() => places.length === 3);
  const order: number[] = [];
  for (const [index, place] of places.entries()) {
    const dispose = place[Symbol.dispose].bind(place);
    place[Symbol.dispose] = () => (order.push(index), dispose());
  }

  manager[Symbol.dispose]();
  manager[Symbol.dispose]();

  assertEquals([(await call).code, (await starting).code], ["plugin/closed", "plugin/closed"]);
  assertEquals([order, manager.plugins], [[2, 1, 0], []]);
  assertEquals(places.map(({ called }) => called.includes("$deactivate")), [false, false, false]);
  assertEquals(heard("plugin.unloaded").map((payload) => (payload as { plugin_name: string }).plugin_name), [
    ...["sample#3", "sample#2", "sample"],
  ]);
});

Deno.test("PluginManager[Symbol.dispose]() ends a plugin whose start has only just begun", async () => {
  await using test = testManager();
  const { manager, places } = test;
  const plugin = await manager.load(await imageOf());
  const starting = assertRejects(() => plugin.initialize(), KBertError);

  manager[Symbol.dispose]();

  assertEquals((await starting).code, "plugin/state");
  assertEquals([plugin.state, places.filter(({ disposals }) => disposals === 0).length], ["unloaded", 0]);
});

Deno.test("PluginManager[Symbol.asyncDispose]() deactivates and unloads every plugin, the last one first", async () => {
  const order: string[] = [];
  await using test = testManager(({ method }, { options: { name } }) => {
    if (method === "$deactivate") order.push(name);
    return undefined;
  });
  const { manager, places, heard } = test;
  const image = await imageOf();
  for (let use = 0; use < 3; use++) await manager.start(image);

  await Promise.all([manager[Symbol.asyncDispose](), manager[Symbol.asyncDispose]()]);
  await manager[Symbol.asyncDispose]();

  assertEquals(order, ["sample#3", "sample#2", "sample"]);
  assertEquals(places.map(({ disposals }) => disposals), [1, 1, 1]);
  assertEquals([manager.plugins, heard("plugin.unloaded").length], [[], 3]);
  assertEquals(heard("plugin.unloaded")[0], {
    plugin_name: "sample#3",
    reason: "its manager was disposed of",
  });
});

Deno.test("PluginManager loads nothing after it was disposed of", async () => {
  for (const dispose of [Symbol.dispose, Symbol.asyncDispose] as const) {
    await using test = testManager();
    const { manager, places } = test;
    const image = await imageOf();
    await manager[dispose]();

    const load = await assertRejects(() => manager.load(image), KBertError);
    const start = await assertRejects(() => manager.start(image), KBertError);

    const message = "The plugin sample cannot be loaded because its manager was disposed of";
    assertEquals([load.code, load.message, start.message], ["plugin/closed", message, message]);
    assertEquals(places.length, 0);
  }
});

Deno.test("PluginManager ends a plugin and its calls when it breaks the protocol or its place fails", async (t) => {
  const ways: Record<string, [code: string, breakIt: (test: ReturnType<typeof testManager>) => void]> = {
    "breaks the protocol": ["wall/frame", ({ places }) => places[0]?.port.onframe?.("not a frame")],
    "place fails": ["plugin/closed", ({ places }) => {
      places[0]?.options.onFailure("it crashed");
      places[0]?.options.onFailure("it crashed again");
    }],
  };
  for (const [what, [code, breakIt]] of Object.entries(ways)) {
    await t.step(what, async () => {
      await using test = testManager(({ method }) => method === "echo" ? never() : undefined);
      const { manager, places, heard } = test;
      const plugin = await manager.start(await imageOf());
      const pending = assertRejects(() => plugin.call("echo", []), KBertError);
      await until(() => places[0]!.called.includes("echo"));

      breakIt(test);

      const error = await pending;
      const later = await assertRejects(() => plugin.call("echo", []), KBertError);
      assertEquals([error.code, later.code], [code, code]);
      assertEquals([places[0]?.disposals, plugin.state, plugin.openCalls], [1, "failed", 0]);
      assertEquals(heard("plugin.crashed").length, 1);
      assertEquals(manager.plugins, [plugin], "so that it can be initialized again");
      if (code === "plugin/closed") {
        assertEquals(error.message, "The plugin sample cannot be called because it crashed");
      }
    });
  }
});

Deno.test("Plugin.call() uses the plugin's own deadline unless another is given", async () => {
  await using test = testManager(({ method }) => method === "echo" ? never() : undefined);
  const plugin = await test.manager.start(await imageOf(), { limits: { callMs: 20 } });

  const errors = await Promise.all(
    [undefined, { timeoutMs: 1 }, { timeoutMs: 30 }].map((options) =>
      assertRejects(() => plugin.call("echo", [], options), KBertError)
    ),
  );

  assertEquals(errors.map(({ detail }) => detail), [
    { plugin: "sample", method: "echo", timeoutMs: 20 },
    { plugin: "sample", method: "echo", timeoutMs: 1 },
    { plugin: "sample", method: "echo", timeoutMs: 30 },
  ]);
});

Deno.test("PluginManager hears declared events stamped with who and when, and refuses the others once", async () => {
  await using test = testManager(undefined, { side: "host" });
  const { manager, places, heard } = test;
  const plugin = await manager.start(await imageOf("sample", "events: { emits: [sample.done] }\n"));
  const stamps: [source: string, time: number][] = [];
  manager.bus.on("sample.done" as ">", (_payload, { source, time }) => stamps.push([source, time]));
  const before = Date.now();
  const payload = { plugin: "somebody else", time: 0 };

  for (const topic of ["sample.done", "\u001b[2J", "\u001b[2J", "plugin.activated"]) {
    await places[0]!.plugin.emit({ topic, payload, source: "somebody else", time: 0 });
  }
  await plugin.call("echo", []);

  assertEquals(heard("sample.done"), [payload]);
  assertEquals(stamps.map(([source]) => source), ["sample"]);
  assert(stamps[0]![1] >= before);
  assertEquals(heard("plugin.activated").length, 1, "the host's own");
  assertEquals(
    heard("plugin.event_refused"),
    [
      { plugin_name: "sample", topic: "\\u001b[2J", reason: "it is no topic" },
      {
        plugin_name: "sample",
        topic: "plugin.activated",
        reason: "plugin.yaml does not declare it under events.emits",
      },
    ],
  );
});

Deno.test("PluginManager passes a plugin's log on, made printable, and refuses what is none", async () => {
  await using test = testManager();
  const { manager, places, events } = test;
  const plugin = await manager.start(await imageOf());

  places[0]!.plugin.post({
    topic: "log.error",
    payload: { message: "\u001b[31mred", fields: { "\u202ek": "\u0007" } },
  });
  places[0]!.plugin.post({ topic: "log.error", payload: "a text" });
  places[0]!.plugin.post({ topic: "log.shout", payload: { message: "hey", fields: {} } });
  await plugin.call("echo", []);
  const said = (): typeof events => events.filter(([topic]) => /^log|refused/.test(topic));
  await until(() => said().length === 3); // on a busy machine, events are published over several turns

  assertEquals(said(), [
    ["log.error", { message: "\\u001b[31mred", fields: { "\\u202ek": "\\u0007" } }, "sample"],
    ["plugin.event_refused", {
      plugin_name: "sample",
      topic: "log.error",
      reason: "its payload is not what this topic has",
    }, "host"],
    ["plugin.event_refused", {
      plugin_name: "sample",
      topic: "log.shout",
      reason: "plugin.yaml does not declare it under events.emits",
    }, "host"],
  ]);
});

Deno.test("PluginManager whose bus nobody listens to takes events and logs all the same", async () => {
  await using test = testManager(({ method, args: [value] }) => method === "echo" ? value : undefined);
  const { manager, places } = test;
  manager.bus[Symbol.dispose]();
  const plugin = await manager.start(await imageOf("sample", "events: { emits: [sample.done] }\n"));

  for (const topic of ["sample.done", "other", "log.info"]) places[0]!.plugin.post({ topic, payload: 1 });

  assertEquals(await plugin.call("echo", ["still there"]), "still there");
});

Deno.test("PluginManager.hook() runs before and after the phases of every plugin, until it is disposed of", async () => {
  await using test = testManager();
  const { manager, places } = test;
  const ran: string[] = [];
  const image = await imageOf();
  const hooks = manager.hook({
    preInitialization: ({ name }) => void ran.push(`before ${name}: ${places.length} places`),
    postActivation: ({ name }) => void ran.push(`${name} is active`),
    preUnload: ({ name }) => void ran.push(`${name} ends`),
  });

  const plugin = await manager.start(image);
  await plugin.unload();
  hooks[Symbol.dispose]();
  await manager.start(image);
  await settled();

  assertEquals(ran, ["before sample: 0 places", "sample is active", "sample ends"]);
});

Deno.test("PluginManager.callAll() asks the active plugins of a port that have the method, by priority", async () => {
  const asked: string[] = [];
  await using test = testManager(({ method, args }, { options: { name } }) => {
    if (method === "echo") asked.push(name);
    if (method === "$load") return name === "mute" ? { methods: [], configuration: "null" } : undefined;
    return args[0];
  });
  const { manager } = test;
  const image = await imageOf();
  await manager.start(image, { as: "low", priority: -1 });
  await manager.start(image, { as: "high", priority: 5 });
  await manager.start(image, { as: "mute" });
  await manager.load(image, { as: "asleep" });

  const results = await manager.callAll("plugin", "echo", [7]);

  assertEquals(results.map(({ plugin, outcome }) => [plugin, outcome]), [
    ["high", "answered"],
    ["low", "answered"],
  ]);
  assertEquals(asked, ["high", "low"]);
});
