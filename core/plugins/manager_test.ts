import { assert, assertEquals, assertRejects, assertStrictEquals } from "../deps/assert.ts";
import { buildImage, type PluginImage } from "../security/image.ts";
import { Channel, type ChannelOptions } from "../wall/channel.ts";
import { KBertError } from "../wall/errors.ts";
import { framePortPair } from "../wall/frame.ts";
import type { Sandbox, SandboxOptions } from "../wall/sandbox.ts";
import { type PluginEvent, PluginManager } from "./manager.ts";

const MANIFEST = `name: sample
version: 1.0.0
entry_points:
  head: lib/main:Main
configuration:
  width: { type: int, default: 4, min: 1 }
events:
  emits: [sample.done]
`;

function imageOf(manifest = MANIFEST): Promise<PluginImage> {
  const files: Record<string, string> = {
    "plugin.yaml": manifest,
    "lib/main.ts": `import "../b.ts"; export class Main {}`,
    "b.ts": "export const b = 1;",
  };
  return buildImage({
    name: "sample",
    location: "memory",
    read: (file) => Promise.resolve(new TextEncoder().encode(files[file])),
  });
}

/** A place that runs nothing: its other end is a channel of the test. */
class TestSandbox implements Sandbox {
  readonly tier = "worker";
  readonly port;
  readonly plugin: Channel;
  disposals = 0;

  constructor(readonly options: SandboxOptions, serve: Partial<ChannelOptions>) {
    const [here, there] = framePortPair();
    this.port = here;
    this.plugin = new Channel(there, { peer: "the host", serve: () => Promise.resolve("served"), ...serve });
  }

  [Symbol.dispose](): void {
    this.disposals++;
    this.plugin.close();
  }
}

/** A manager whose places are the test's. `ready` is whether they say so. */
function managerWithTest(
  serve: Partial<ChannelOptions> = {},
  { ready = true } = {},
): { manager: PluginManager; places: TestSandbox[]; events: PluginEvent[]; log: string[] } {
  const places: TestSandbox[] = [];
  const events: PluginEvent[] = [];
  const log: string[] = [];
  const manager = new PluginManager({
    createSandbox: (options) => {
      const place = new TestSandbox(options, serve);
      if (ready) place.plugin.ready();
      places.push(place);
      return place;
    },
    onEvent: (event) => events.push(event),
    onLog: (...parts) => log.push(parts.join(" ")),
  });
  return { manager, places, events, log };
}

Deno.test("PluginManager.start() sends the image, the settings and the seed, and answers the plugin", async () => {
  const requests: unknown[] = [];
  const { manager, places } = managerWithTest({
    serve: (method, args) => (requests.push([method, ...args]), Promise.resolve("served")),
  });
  using _manager = manager;
  const image = await imageOf();

  const plugin = await manager.start(image, { port: "head", settings: { width: 8 }, seed: 7 });

  const [[method, request]] = requests as [[string, Record<string, unknown>]];
  const sources = (request["moduleSources"] as Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(method, "$load");
  assertEquals([request["port"], request["entry"], request["exportName"]], [
    "head",
    "plugin:///lib/main.ts",
    "Main",
  ]);
  assertEquals([request["settings"], request["seed"]], [{ width: 8 }, 7]);
  assertEquals([request["moduleUrls"], sources], [[...image.modules.keys()], [...image.modules.values()]]);
  assertEquals(places[0]?.options.tensors, false);
  assertEquals([plugin.name, plugin.tier, plugin.openCalls], ["sample", "worker", 0]);
  assertEquals(manager.plugins, [plugin]);
});

Deno.test("PluginManager.start() refuses what it can before it starts a place", async (t) => {
  const { manager, places } = managerWithTest();
  using _manager = manager;
  const image = await imageOf();

  await t.step("a port that the plugin has not", async () => {
    const start = (): Promise<unknown> => manager.start(image, { port: "augmenter" });
    const error = await assertRejects(start, KBertError, "has no augmenter; it offers head");
    assertEquals(error.code, "plugin/image");
  });
  await t.step("settings that its manifest does not have", async () => {
    const start = (): Promise<unknown> => manager.start(image, { port: "head", settings: { widht: 8 } });
    assertEquals((await assertRejects(start, KBertError)).code, "document/invalid");
  });

  assertEquals([places.length, manager.plugins.length], [0, 0]);
});

Deno.test("PluginManager.start() leaves nothing running when the plugin does not load", async (t) => {
  await t.step("because it throws", async () => {
    const { manager, places } = managerWithTest({ serve: () => Promise.reject(new Error("no class")) });
    using _manager = manager;

    const image = await imageOf();
    const error = await assertRejects(
      () => manager.start(image, { port: "head" }),
      KBertError,
      "The plugin sample cannot be loaded: no class",
    );

    assertEquals([error.code, places[0]?.disposals, manager.plugins.length], ["call/failed", 1, 0]);
  });
  await t.step("because it never says that it is ready", async () => {
    const { manager, places } = managerWithTest({}, { ready: false });
    using _manager = manager;

    const image = await imageOf();
    const start = (): Promise<unknown> => manager.start(image, { port: "head", timeoutMs: 10 });
    const error = await assertRejects(start, KBertError, "it did not start within 10 ms");

    assertEquals([error.code, places[0]?.disposals], ["plugin/closed", 1]);
  });
  await t.step("because it never finishes loading", async () => {
    const { manager, places } = managerWithTest({ serve: () => new Promise(() => {}) });
    using _manager = manager;

    const image = await imageOf();
    const start = (): Promise<unknown> => manager.start(image, { port: "head", timeoutMs: 10 });
    const error = await assertRejects(start, KBertError, "$load() within 10 ms");

    assertEquals([error.code, places[0]?.disposals], ["call/timeout", 1]);
  });
  await t.step("because its place fails", async () => {
    const { manager, places } = managerWithTest({}, { ready: false });
    using _manager = manager;

    const starting = manager.start(await imageOf(), { port: "head" });
    places[0]?.options.onFailure("\u001b[31mits worker failed");
    const error = await assertRejects(() => starting, KBertError, "\\u001b[31mits worker failed");

    assertEquals([error.code, error.detail, places[0]?.disposals], [
      "plugin/closed",
      { plugin: "sample", reason: "\\u001b[31mits worker failed" },
      1,
    ]);
  });
});

Deno.test("PluginManager.load() reads a plugin from a folder", async () => {
  const { manager } = managerWithTest();
  using _manager = manager;
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/lib`);
  await Deno.writeTextFile(`${folder}/plugin.yaml`, MANIFEST);
  await Deno.writeTextFile(`${folder}/lib/main.ts`, "export class Main {}");

  const plugin = await manager.load(folder, { port: "head" }).finally(() =>
    Deno.remove(folder, { recursive: true })
  );

  assertEquals(plugin.image.modules.size, 1);
});

Deno.test("PluginManager[Symbol.dispose]() ends every plugin, the last one first, and those that still load", async () => {
  const { manager, places } = managerWithTest();
  const image = await imageOf();
  await manager.start(image, { port: "head" });
  await manager.start(image, { port: "head" });
  const loading = manager.start(image, { port: "head" });
  const order: number[] = [];
  for (const [index, place] of places.entries()) {
    const dispose = place[Symbol.dispose].bind(place);
    place[Symbol.dispose] = () => (order.push(index), dispose());
  }

  manager[Symbol.dispose]();
  manager[Symbol.dispose]();

  const error = await assertRejects(() => loading, KBertError);
  assertEquals([error.code, order], ["plugin/closed", [2, 1, 0]]);
  assertEquals(manager.plugins, []);
});

Deno.test("PluginManager.start() refuses after the manager was disposed of", async () => {
  const { manager, places } = managerWithTest();
  const image = await imageOf();
  manager[Symbol.dispose]();

  const error = await assertRejects(() => manager.start(image, { port: "head" }), KBertError);

  assertEquals([error.code, places.length], ["plugin/closed", 0]);
});

Deno.test("LoadedPlugin ends its place and its calls when it breaks the protocol, and leaves the list", async () => {
  const { manager, places } = managerWithTest({
    serve: (method) => method === "$load" ? Promise.resolve(null) : new Promise(() => {}),
  });
  using _manager = manager;
  const plugin = await manager.start(await imageOf(), { port: "head" });
  const pending = plugin.call("slow", []);

  places[0]?.port.onframe?.("not a frame");

  assertEquals((await assertRejects(() => pending, KBertError)).code, "wall/frame");
  assertEquals([places[0]?.disposals, plugin.isLoaded, plugin.openCalls], [1, false, 0]);
  assertEquals(manager.plugins, []);
});

Deno.test("LoadedPlugin ends its place and its calls when its place fails", async () => {
  const { manager, places } = managerWithTest({
    serve: (method) => method === "$load" ? Promise.resolve(null) : new Promise(() => {}),
  });
  using _manager = manager;
  const plugin = await manager.start(await imageOf(), { port: "head" });
  const pending = plugin.call("slow", []);

  places[0]?.options.onFailure("it crashed");
  places[0]?.options.onFailure("it crashed again");

  const error = await assertRejects(
    () => pending,
    KBertError,
    "The plugin sample cannot be called because it crashed",
  );
  assertEquals([error.code, places[0]?.disposals], ["plugin/closed", 1]);
});

Deno.test("LoadedPlugin.call() uses the plugin's own deadline unless another is given", async () => {
  const { manager } = managerWithTest({
    serve: (method) => method === "$load" ? Promise.resolve(null) : new Promise(() => {}),
  });
  using _manager = manager;
  const plugin = await manager.start(await imageOf(), { port: "head", timeoutMs: 20 });

  const own = await assertRejects(() => plugin.call("slow", []), KBertError);
  const other = await assertRejects(() => plugin.call("slow", [], { timeoutMs: 1 }), KBertError);

  assertEquals([own.detail, other.detail], [
    { plugin: "sample", method: "slow", timeoutMs: 20 },
    { plugin: "sample", method: "slow", timeoutMs: 1 },
  ]);
});

Deno.test("PluginManager hears declared events stamped with who and when, and drops the others", async () => {
  const { manager, places, events, log } = managerWithTest();
  using _manager = manager;
  const plugin = await manager.start(await imageOf(), { port: "head" });
  const payload = { plugin: "somebody else", time: 0 };
  const before = Date.now();

  places[0]?.plugin.events([{ topic: "sample.done", payload }, { topic: "\u001b[2J", payload }]);
  await plugin.call("after the events", []);

  assertEquals(events.map(({ plugin, topic, payload }) => ({ plugin, topic, payload })), [
    { plugin: "sample", topic: "sample.done", payload },
  ]);
  assert(events[0]!.time >= before);
  assertEquals(log, ["sample warn An event was dropped: plugin.yaml does not declare \\u001b[2J"]);
});

Deno.test("PluginManager passes a plugin's log on, made printable", async () => {
  const { manager, places, log } = managerWithTest();
  using _manager = manager;
  const plugin = await manager.start(await imageOf(), { port: "head" });

  places[0]?.plugin.log("error", "\u001b[31mred");
  await plugin.call("after the log", []);

  assertEquals(log, ["sample error \\u001b[31mred"]);
});

Deno.test("PluginManager without listeners drops events and logs", async () => {
  const places: TestSandbox[] = [];
  using manager = new PluginManager({
    createSandbox: (options) => {
      const place = new TestSandbox(options, {});
      place.plugin.ready();
      places.push(place);
      return place;
    },
  });
  const plugin = await manager.start(await imageOf(), { port: "head" });

  places[0]?.plugin.events([{ topic: "sample.done", payload: 1 }, { topic: "other", payload: 1 }]);
  places[0]?.plugin.log("info", "hello");

  assertStrictEquals(await plugin.call("still there", []), "served");
});
