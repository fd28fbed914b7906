/**
 * Plugins end to end: real workers, the real SDK, everything in between.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../core/deps/assert.ts";
import { z } from "../core/deps/zod.ts";
import { PluginManager } from "../core/plugins/manager.ts";
import { serviceMethod } from "../core/plugins/services.ts";
import { buildImage, type PluginImage } from "../core/security/image.ts";
import { Table } from "../core/table/table.ts";
import { fromWire, toWire } from "../core/table/wire.ts";
import { KBertError } from "../core/wall/errors.ts";
import type { PluginError } from "../core/wall/failure.ts";
import { workerSandbox } from "../workers/worker_sandbox.ts";
import { until } from "./fixtures/test_port.ts";

/** A plugin in memory. The class is `Main`; `body` is its body. */
function imageOf(
  body: string,
  { port = "plugin", base = "PluginPort", more = "", before = "" } = {},
): Promise<
  PluginImage
> {
  const files: Record<string, string> = {
    "plugin.yaml": `name: sample\nversion: 1.0.0\nentry_points:\n  ${port}: main:Main\n${more}`,
    "main.ts": `import * as sdk from "k-bert/sdk";
      import type { CallContext, TrainerState } from "k-bert/sdk";
      ${before}
      export class Main extends sdk.${base} { ${body} }`,
  };
  return buildImage({
    name: "sample",
    location: "memory",
    read: (file) => Promise.resolve(new TextEncoder().encode(files[file])),
  });
}

/** An extractor in memory, with tables. */
function tableImageOf(body: string): Promise<PluginImage> {
  const files: Record<string, string> = {
    "plugin.yaml": "name: sample\nversion: 1.0.0\nentry_points:\n  feature: main:Main\n",
    "main.ts": `import { aq, type ColumnTable, FeaturePort } from "k-bert/sdk/tables";
      export class Main extends FeaturePort { ${body} }`,
  };
  return buildImage({
    name: "sample",
    location: "memory",
    read: (file) => Promise.resolve(new TextEncoder().encode(files[file])),
  });
}

Deno.test("PluginManager leads a plugin in a worker through its life, with all hooks in order", async () => {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const phases = ["Initialization", "Activation", "Deactivation"]
    .flatMap((phase) => [`pre${phase}`, `post${phase}`]);
  const plugin = await manager.load(
    await imageOf(`
      log: string[] = [];
      initialize() { this.log.push("initialize"); }
      async activate() { await 0; this.log.push("activate"); }
      deactivate() { this.log.push("deactivate"); }
      ${phases.map((hook) => `${hook}() { this.log.push("${hook}"); }`).join("\n")}
      preExecution(method: string) { if (method !== "read") this.log.push("before " + method); }
      postExecution(method: string, result: unknown) { if (method !== "read") this.log.push("after " + result); }
      add(a: number, b: number) { return a + b; }
      async *upTo(most: number) { for (let n = 1; n <= most; n++) yield n; }
      read() { return this.log.splice(0); }
    `),
  );
  const remote = plugin.methods<
    { add(a: number, b: number): number; read(): string[]; upTo(most: number): AsyncGenerator<number> }
  >();

  await plugin.initialize();
  await plugin.activate();
  assertEquals(await remote.add(1, 2), 3);
  assertEquals(await Array.fromAsync(remote.upTo(3)), [1, 2, 3]);
  assertEquals(await remote.read(), [
    ...["preInitialization", "initialize", "postInitialization"],
    ...["preActivation", "activate", "postActivation"],
    ...["before add", "after 3", "before upTo", "after undefined"],
  ]);
  await plugin.deactivate();
  await plugin.initialize();
  await plugin.activate();
  assertEquals((await remote.read()).slice(0, 4), [
    ...["preDeactivation", "deactivate", "postDeactivation", "preInitialization"],
  ]);
});

Deno.test("Resources of a plugin are released last first, whatever one throws, and after a failed phase too", async (t) => {
  /** What the plugin says about its releases on the host's log. */
  const released = async (
    body: string,
    use: (manager: PluginManager, image: PluginImage) => Promise<unknown>,
  ): Promise<{ log: string[]; error?: KBertError }> => {
    await using manager = new PluginManager({ createSandbox: workerSandbox });
    const log: string[] = [];
    using _listener = manager.bus.on("log.info", ({ message }) => log.push(message));
    const image = await imageOf(`
      open(name: string, fails = false) {
        const end = (how: string) => async () => {
          await 0;
          this.logger.info(name + how);
          if (fails) throw new Error(name + " is stuck");
        };
        return { end };
      }
      _all() {
        this.use({ [Symbol.dispose]: () => this.logger.info("a disposed") });
        this.use({ [Symbol.asyncDispose]: this.open("b").end(" disposed") });
        this.use({ close: this.open("c").end(" closed") });
        this.use({ cleanup: this.open("d").end(" cleaned up") });
      }
      ${body}`);
    try {
      await use(manager, image);
      return { log };
    } catch (error) {
      return { log, error: error as KBertError };
    }
  };
  const all = ["d cleaned up", "c closed", "b disposed", "a disposed"];

  await t.step("on deactivate", async () => {
    const { log } = await released("initialize() { this._all(); }", async (manager, image) => {
      const plugin = await manager.start(image);
      await plugin.deactivate();
      await plugin.initialize(); // and they are acquired anew
      await plugin.activate();
      await plugin.deactivate();
    });
    assertEquals(log, [...all, ...all]);
  });
  await t.step("on unload without having been active", async () => {
    const { log } = await released("initialize() { this._all(); }", async (manager, image) => {
      const plugin = await manager.load(image);
      await plugin.initialize();
      await plugin.unload();
    });
    assertEquals(log, all);
  });
  for (const phase of ["initialize", "postInitialization", "activate"]) {
    await t.step(`on a failed ${phase}`, async () => {
      const code = phase === "initialize"
        ? `initialize() { this._all(); throw new Error("no soup"); }`
        : `initialize() { this._all(); } ${phase}() { throw new Error("no soup"); }`;
      const { log, error } = await released(code, (manager, image) => manager.start(image));
      assertEquals([log, error?.message.split(": ").at(-1)], [all, "no soup"]);
    });
  }
  await t.step("although some of them throw", async () => {
    const body = `initialize() {
      this.use({ close: this.open("first").end(" closed") });
      this.use({ close: this.open("second", true).end(" closed") });
      this.use({ close: this.open("third", true).end(" closed") });
    }`;
    const { log, error } = await released(body, async (manager, image) => {
      const plugin = await manager.start(image);
      await plugin.deactivate();
    });
    assertEquals(log, ["third closed", "second closed", "first closed"]);
    assert(error?.message.includes("cannot be deactivated: 2 resources were not released"), error?.message);
  });
  await t.step("and the phase's own error is the one that is told", async () => {
    const body = `
      initialize() { this.use({ close: this.open("x", true).end(" closed") }); }
      deactivate() { throw new Error("no soup"); }`;
    const { log, error } = await released(body, async (manager, image) => {
      const plugin = await manager.start(image);
      await plugin.deactivate();
    });
    assertEquals([log, error?.message], [["x closed"], "The plugin sample cannot be deactivated: no soup"]);
  });
});

Deno.test("A stream of a worker computes what is asked for, and runs its finally when it is left", async () => {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const plugin = await manager.start(
    await imageOf(`
      made = 0;
      ended = 0;
      async *count() { try { while (true) yield ++this.made; } finally { this.ended++; } }
      async *fail() { yield 1; throw new RangeError("no more"); }
      async wait({ signal }: CallContext) {
        await new Promise((_, reject) => signal.addEventListener("abort", () => { this.ended++; reject(signal.reason); }));
      }
      read() { return [this.made, this.ended]; }
    `),
  );

  for await (const item of plugin.stream("count", [])) {
    assertEquals(await plugin.call("read", []), [item, 0]);
    if (item === 5) break;
  }
  assertEquals(await plugin.call("read", []), [5, 1]);

  const items: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const item of plugin.stream("fail", [])) items.push(item);
  }, KBertError);
  const { name, message } = error.cause as PluginError;
  assertEquals([items, error.code, name, message], [[1], "call/failed", "RangeError", "no more"]);

  const abort = new AbortController();
  const waiting = plugin.call("wait", [], { signal: abort.signal });
  await plugin.call("read", []);
  abort.abort();
  assertEquals((await assertRejects(() => waiting, KBertError)).code, "call/aborted");
  assertEquals(await plugin.call("read", []), [5, 2]);
});

Deno.test("Services are made for each run, know who calls, and fail with message and code, without a stack", async () => {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const made: { disposed: boolean }[] = [];
  let signal: AbortSignal | undefined;
  manager.offer("glossary", () => {
    const own = { disposed: false };
    made.push(own);
    const methods = {
      lookup: serviceMethod(z.tuple([z.string()]), (word, { plugin }) => `${word} for ${plugin}`),
      fail: serviceMethod(z.tuple([]), () => {
        throw Object.assign(new RangeError("no such page"), { code: "E_PAGE" });
      }),
      wait: serviceMethod(z.tuple([]), (caller) => {
        signal = caller.signal;
        return new Promise(() => {});
      }),
    };
    return Object.defineProperty(methods, Symbol.dispose, { value: () => own.disposed = true });
  }, { to: ["sample"] });
  const image = await imageOf(
    `
      #glossary;
      constructor(config: sdk.PluginConfig, bus: sdk.EventBus, glossary = sdk.inject(Glossary)) {
        super(config, bus);
        this.#glossary = glossary;
      }
      lookup(word: string) { return this.#glossary.lookup(word); }
      async fail() {
        try {
          return await this.#glossary.fail();
        } catch (error) {
          const { name, message, code, stack, remoteStack, cause } = error as Record<string, unknown>;
          return JSON.stringify({ name, message, code, remoteStack, cause, stack: String(stack) });
        }
      }
      wrong() { return this.#glossary.lookup(5).catch((error: { code: string }) => error.code); }
      wait() { return this.#glossary.wait(); }
    `,
    {
      before: `const Glossary = sdk.service<Record<string, (...args: unknown[]) => string>>("glossary");`,
      more: "permissions:\n  services: [glossary]\n",
    },
  );

  const plugin = await manager.start(image, { as: "reader" });
  assertEquals(await plugin.call("lookup", ["soup"]), "soup for reader");
  const failure = JSON.parse(await plugin.call("fail", []) as string);
  assertEquals([failure.name, failure.message, failure.code], ["RangeError", "no such page", "E_PAGE"]);
  assertEquals(failure.remoteStack, undefined);
  assert(!failure.stack.includes("plugin_kernel_test"), failure.stack);
  assertEquals(await plugin.call("wrong", []), "call/arguments");
  assertEquals(made, [{ disposed: false }]);

  const waiting = assertRejects(() => plugin.call("wait", []), KBertError);
  await until(() => signal !== undefined);
  plugin[Symbol.dispose]();
  await waiting;
  await until(() => made[0]!.disposed);
  assertEquals([signal?.aborted, made.length], [true, 1]);
  const next = await manager.start(image);
  assertEquals([await next.call("lookup", ["ham"]), made.length], ["ham for sample", 2]);
});

Deno.test("Events go through both buses: declared ones, with their source, to others but not back", async () => {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const body = `
    heard: string[] = [];
    initialize() {
      const bus = this.eventBus as unknown as { on(pattern: string, listener: (payload: unknown, event: { topic: string; source: string }) => void): Disposable };
      this.use(bus.on("news.*", (payload, { topic, source }) => this.heard.push(source + " " + topic + " " + payload)));
      this.use(bus.on("news.a", () => this.heard.push("again")));
    }
    async say(topic: string, payload: unknown) { await (this.eventBus as unknown as { emit(topic: string, payload: unknown): Promise<void> }).emit(topic, payload); }
    read() { return this.heard.splice(0); }
  `;
  const image = await imageOf(body, { more: "events:\n  emits: [news.a]\n  listens: [news.*]\n" });
  const one = await manager.start(image, { as: "one" });
  const two = await manager.start(image, { as: "two" });
  const refused: string[] = [];
  using _listener = manager.bus.on("plugin.event_refused", ({ topic }) => refused.push(topic));

  await one.call("say", ["news.a", 1]);
  await one.call("say", ["news.secret", 1]);
  await one.call("say", ["news.secret", 2]);
  await manager.bus.publish("host", "news.b", 2);
  await until(() => refused.length > 0);

  assertEquals(await one.call("read", []), ["host news.b 2"]);
  assertEquals(await two.call("read", []), ["one news.a 1", "again", "host news.b 2"]);
  assertEquals(refused, ["news.secret"]);
  const before = manager.bus.listenerCount;
  await two.deactivate(); // its listeners are resources
  await until(() => manager.bus.listenerCount === before - 2);
});

Deno.test("A plugin that crashes is started again, and its open calls end", async () => {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const plugin = await manager.start(
    await imageOf(`
      crash() { setTimeout(() => { throw new Error("boom"); }, 0); return new Promise<void>(() => {}); }
      hello() { return "hello"; }
    `),
    { restart: { baseDelayMs: 1 } },
  );

  const error = await assertRejects(() => plugin.call("crash", []), KBertError, "boom");
  assertEquals(error.code, "plugin/closed");
  await manager.bus.waitFor("plugin.restarted", { history: Infinity, timeoutMs: 10_000 });

  assertEquals([plugin.state, await plugin.call("hello", [])], ["active", "hello"]);
});

Deno.test("PluginManager.callAll() reaches augmenters, features and callbacks in their workers", async () => {
  await using manager = new PluginManager({ createSandbox: workerSandbox });
  const port = (port: string, base: string, body: string): Promise<PluginImage> =>
    imageOf(body, { port, base });
  const shout = `augment(texts: readonly string[]) { return texts.map((text) => text + "!"); }`;
  await manager.start(await port("augmenter", "AugmenterPort", shout), { as: "shout" });
  const sulk = `augment(): string[] { throw new Error("no"); }`;
  await manager.start(await port("augmenter", "AugmenterPort", sulk), { as: "sulk", priority: 1 });
  const length = await tableImageOf(`extractFeatures(data: ColumnTable) {
    return data.derive({ n: aq.escape((row: { text: string }) => row.text.length) });
  }`);
  await manager.start(length, { as: "length", settings: { input_columns: ["text"] } });
  const stop =
    `onEpochEnd(_: number, logs: Record<string, number>, state: TrainerState) { state.shouldStop = logs.loss! < 1; }`;
  await manager.start(await port("callback", "CallbackPort", stop), { as: "stop" });

  const texts = await manager.callAll("augmenter", "augment", [["a"]]);
  const table = toWire(Table.from({ text: ["ham", "salami"] }));
  const tables = await manager.callAll("feature", "extractFeatures", [table]);
  const state = { epoch: 1, step: 1, maxSteps: 9, shouldStop: false };
  const wishes = await manager.callAll("callback", "onEpochEnd", [1, { loss: 0.5 }, state]);
  const none = await manager.callAll("callback", "onTrainEnd", [{}, state]);

  assertEquals(texts.map(({ plugin, outcome }) => [plugin, outcome]), [["sulk", "identity"], [
    "shout",
    "answered",
  ]]);
  assertEquals(texts[1]?.outcome === "answered" && texts[1].value, ["a!"]);
  assertEquals(tables[0]?.outcome === "answered" && fromWire(tables[0].value).toLists(), {
    ...{ text: ["ham", "salami"], feature_n: [3, 6] },
  });
  assertEquals(wishes[0]?.outcome === "answered" && wishes[0].value, { shouldStop: true });
  assertEquals([none, state.shouldStop], [[], false]);
});
