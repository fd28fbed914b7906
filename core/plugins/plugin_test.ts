import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import {
  activePlugin,
  crash,
  delivered,
  FakePlugin,
  fakePlugin,
  hang,
  streamOf,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import { openThings } from "../wall/ledger.ts";
import type { PluginHooks } from "./hooks.ts";
import type { PluginState } from "./lifecycle.ts";

type Phase = "initialize" | "activate" | "deactivate";

/** How each phase is called elsewhere, and where its plugin has to be before it. */
const PHASES: Record<Phase, { failed: string; pre: keyof PluginHooks; post: keyof PluginHooks }> = {
  initialize: {
    failed: "initialization_failed",
    pre: "preInitialization",
    post: "postInitialization",
  },
  activate: { failed: "activation_failed", pre: "preActivation", post: "postActivation" },
  deactivate: { failed: "deactivation_failed", pre: "preDeactivation", post: "postDeactivation" },
};

/** Brings a plugin to where the phase can begin. */
async function before(phase: Phase, { plugin }: FakePlugin): Promise<void> {
  if (phase !== "initialize") await plugin.initialize();
  if (phase === "deactivate") await plugin.activate();
}

function codeOf(error: unknown): string | undefined {
  return error instanceof KBertError ? error.code : undefined;
}

Deno.test("Plugin goes the way of the guide: load, initialize, activate, call, deactivate, and around again", async () => {
  using clock = fakeTime(1_000);
  await using fake = await fakePlugin({
    manifest: "entry_points:\n  plugin: main:Main\ndependencies: [other>=1.0.0]\n",
    methods: { echo: ({ args }) => args[0] },
  });
  const { plugin } = fake;
  const states: PluginState[] = [plugin.state];

  for (const step of ["initialize", "activate", "deactivate", "initialize", "activate"] as const) {
    await plugin[step]();
    states.push(plugin.state);
  }
  const answer = await plugin.call("echo", ["soup"]);

  assertEquals(states, ["discovered", "initialized", "active", "deactivated", "initialized", "active"]);
  assertEquals([answer, plugin.tier, plugin.version, plugin.openCalls], ["soup", "worker", "1.2.3", 0]);
  assertEquals(fake.events.slice(0, 3), [
    ["plugin.initialized", { plugin_name: "sample", version: "1.2.3", dependencies: ["other>=1.0.0"] }],
    ["plugin.activated", { plugin_name: "sample", activation_time: 1_000 }],
    ["plugin.deactivated", { plugin_name: "sample", deactivation_time: 1_000 }],
  ]);
  assertEquals([fake.topics.length, fake.workers.length, clock.now], [5, 1, 1_000]);
  // The worker is the same all the time: its plugin is initialized anew, not loaded.
  assertEquals(fake.worker.calls, [
    ...["$load", "$initialize", "$activate", "$deactivate", "$initialize", "$activate", "echo"],
  ]);
});

Deno.test("Plugin runs the host's hooks around every phase, the first outermost", async () => {
  await using fake = await fakePlugin();
  const order: string[] = [];
  for (const name of ["a", "b"]) {
    const names = Object.values(PHASES).flatMap(({ pre, post }) => [pre, post]);
    const hooks = [...names, "preUnload", "postUnload"].map((hook) => [
      hook,
      ({ name: plugin, version }: { name: string; version: string }) => {
        assertEquals([plugin, version], ["sample", "1.2.3"]);
        order.push(`${name}.${hook}`);
      },
    ]);
    fake.hooks.add(Object.fromEntries(hooks) as PluginHooks);
  }

  await fake.plugin.initialize();
  await fake.plugin.activate();
  await fake.plugin.unload();

  assertEquals(order, [
    ...["a.preInitialization", "b.preInitialization", "b.postInitialization", "a.postInitialization"],
    ...["a.preActivation", "b.preActivation", "b.postActivation", "a.postActivation"],
    ...["a.preDeactivation", "b.preDeactivation", "b.postDeactivation", "a.postDeactivation"],
    ...["a.preUnload", "b.preUnload", "b.postUnload", "a.postUnload"],
  ]);
});

for (const phase of ["initialize", "activate", "deactivate"] as const) {
  const { failed, pre, post } = PHASES[phase];

  /** What every failure of a phase has in common. */
  const failsWell = async (
    fake: FakePlugin,
    { message, code }: { message: string; code: string | undefined },
    during: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> => {
    const { plugin } = fake;
    await before(phase, fake);
    fake.events.length = 0;
    const failing = plugin[phase]();
    const caught = assertRejects(() => failing, Error, message);
    await during();

    const error = await caught;
    assertEquals([codeOf(error), plugin.state, plugin.openCalls], [code, "failed", 0]);
    assertEquals(fake.events, [[`plugin.${failed}`, { plugin_name: "sample", error: error.message }]]);
    assert(fake.workers.every(({ disposals }) => disposals === 1));
    assertEquals(fake.crashes, []);
    await delivered();
    const { channels, calls, sandboxes } = openThings();
    assertEquals([channels, calls, sandboxes], [0, 0, 0]);
  };

  /** It begins anew, with another worker. */
  const worksAgain = async ({ plugin, workers }: FakePlugin): Promise<void> => {
    await plugin.initialize();
    await plugin.activate();
    assertEquals([plugin.state, workers.at(-1)?.disposals], ["active", 0]);
  };

  Deno.test(`Plugin.${phase}() that fails leaves a plugin that can be initialized again`, async (t) => {
    await t.step("by an error of the plugin", async () => {
      let isBroken = true;
      await using fake = await fakePlugin({
        methods: {
          [`$${phase}`]: () => {
            if (isBroken) throw new RangeError("no soup");
            return undefined;
          },
        },
      });

      const message = `The plugin sample cannot be ${phase}d: no soup`;
      await failsWell(fake, { message, code: "call/failed" });

      isBroken = false;
      await worksAgain(fake);
    });
    for (const hook of [pre, post]) {
      await t.step(`by an error of the hook ${hook}`, async () => {
        await using fake = await fakePlugin();
        using _bad = fake.hooks.add({ [hook]: () => Promise.reject(new Error("not today")) });

        await failsWell(fake, { message: "not today", code: undefined });

        _bad[Symbol.dispose]();
        await worksAgain(fake);
      });
    }
    await t.step("by its deadline", async () => {
      using clock = fakeTime();
      let isSlow = true;
      await using fake = await fakePlugin({
        limits: { callMs: 500 },
        methods: { [`$${phase}`]: () => isSlow ? hang() : undefined },
      });

      const message = `The plugin sample did not answer $${phase}() within 500 ms`;
      await failsWell(fake, { message, code: "call/timeout" }, async () => {
        await delivered();
        await clock.tickAsync(500);
      });

      isSlow = false;
      await worksAgain(fake);
      await fake.plugin.unload();
      assertEquals(clock.countTimers(), 0);
    });
    await t.step("by a crash in the middle", async () => {
      let isFragile = true;
      await using fake = await fakePlugin({
        methods: {
          [`$${phase}`]: (call, worker) => {
            if (!isFragile) return undefined;
            isFragile = false;
            return crash(call, worker);
          },
        },
      });

      const message = "The plugin sample cannot be called because its worker failed: boom";
      await failsWell(fake, { message, code: "plugin/closed" });

      await worksAgain(fake);
    });
  });

  Deno.test(`Plugin.${phase}() is overtaken by what ends the plugin, and starts nothing after that`, async (t) => {
    for (const end of ["unload", "dispose"] as const) {
      await t.step(`${end} while the plugin is at it`, async () => {
        await using fake = await fakePlugin({ methods: { [`$${phase}`]: hang } });
        await before(phase, fake);
        const failing = assertRejects(() => fake.plugin[phase](), KBertError);
        await until(() => fake.workers.at(-1)?.calls.includes(`$${phase}`) ?? false);

        if (end === "unload") await fake.plugin.unload("enough");
        else fake.plugin[Symbol.dispose]();

        assertEquals((await failing).code, "plugin/closed");
        assertEquals([fake.plugin.state, fake.worker.disposals, fake.unloads], ["unloaded", 1, 1]);
        const reason = end === "unload" ? "enough" : "it was stopped";
        const ends = fake.events.slice(-2).toSorted();
        assertEquals(ends.map(([topic]) => topic), [`plugin.${failed}`, "plugin.unloaded"].toSorted());
        assertEquals(fake.events.find(([topic]) => topic === "plugin.unloaded")?.[1], {
          plugin_name: "sample",
          reason,
        });
      });
      for (const hook of [pre, post]) {
        await t.step(`${end} while the hook ${hook} is at it`, async () => {
          await using fake = await fakePlugin();
          await before(phase, fake);
          const { promise, resolve } = Promise.withResolvers<void>();
          let isHooked = false;
          fake.hooks.add({ [hook]: () => (isHooked = true, promise) });
          const failing = assertRejects(() => fake.plugin[phase](), KBertError);
          await until(() => isHooked);

          if (end === "unload") await fake.plugin.unload("enough");
          else fake.plugin[Symbol.dispose]();
          resolve();
          await failing;

          await delivered();
          assertEquals(fake.plugin.state, "unloaded");
          assertEquals(fake.workers.filter(({ isOpen }) => isOpen), []);
          assertEquals(fake.topics.filter((topic) => topic === failed), [failed]);
          assertEquals([openThings().sandboxes, openThings().channels], [0, 0]);
        });
      }
    }
  });
}

Deno.test("Plugin.initialize() that was overtaken by a crash does not disturb the next one", async () => {
  await using fake = await fakePlugin();
  const { plugin } = fake;
  await plugin.initialize();
  await plugin.activate();
  await plugin.deactivate();
  const gate = Promise.withResolvers<void>();
  const hook = fake.hooks.add({ preInitialization: () => gate.promise });
  const overtaken = assertRejects(() => plugin.initialize(), KBertError);
  fake.worker.crash();
  assertEquals(plugin.state, "failed");
  hook[Symbol.dispose]();

  const next = plugin.initialize();
  gate.resolve();
  await Promise.all([overtaken, next]);

  assertEquals([plugin.state, fake.workers.length], ["initialized", 2]);
  assertEquals(fake.workers.map(({ disposals }) => disposals), [1, 0]);
});

Deno.test("Plugin.initialize() fails when nothing starts, or something that is no plugin", async (t) => {
  await t.step("the worker never says that it is ready", async () => {
    using clock = fakeTime();
    await using fake = await fakePlugin({ ready: false, limits: { callMs: 200 } });
    const failing = assertRejects(
      () => fake.plugin.initialize(),
      KBertError,
      "it did not start within 200 ms",
    );
    await clock.tickAsync(200);
    assertEquals([(await failing).code, fake.plugin.state], ["plugin/closed", "failed"]);
  });
  await t.step("the plugin's constructor throws", async () => {
    await using fake = await fakePlugin({
      methods: {
        $load: () => {
          throw new Error("unmade");
        },
      },
    });
    const message = "The plugin sample cannot be loaded: unmade";
    const error = await assertRejects(() => fake.plugin.initialize(), KBertError, message);
    assertEquals([error.code, fake.worker.disposals], ["call/failed", 1]);
  });
  await t.step("it describes itself as something else", async () => {
    await using fake = await fakePlugin({ description: "a plugin" });
    const error = await assertRejects(() => fake.plugin.initialize(), KBertError, "does not describe itself");
    assertEquals([error.code, fake.worker.disposals], ["plugin/answer", 1]);
  });
  await t.step("its code declares other settings than its manifest", async () => {
    const configuration = JSON.stringify({ width: { type: "int", default: 3 } });
    await using fake = await fakePlugin({ description: { methods: [], configuration } });
    const error = await assertRejects(() => fake.plugin.initialize(), KBertError, "declares other settings");
    assertEquals([error.code, fake.worker.disposals], ["plugin/image", 1]);
  });
  await t.step("no place can be made", async () => {
    await using fake = await fakePlugin({
      onStart: () => {
        throw new Error("no room");
      },
    });
    await assertRejects(() => fake.plugin.initialize(), Error, "no room");
    assertEquals([fake.plugin.state, fake.topics], ["failed", ["initialization_failed"]]);
  });
});

Deno.test("Plugin refuses a phase that the table does not have, and stays where it is", async () => {
  await using fake = await fakePlugin();
  const { plugin } = fake;
  const refused = async (phase: Phase, problem: string): Promise<void> => {
    const state = plugin.state;
    const error = await assertRejects(() => plugin[phase](), KBertError, problem);
    assertEquals([error.code, plugin.state], ["plugin/state", state]);
  };

  await refused("activate", "because it is discovered; it can be initialized or unloaded");
  await plugin.initialize();
  await refused("initialize", "because it is initialized; it can be activated or unloaded");
  await plugin.activate();
  const deactivating = plugin.deactivate();
  await refused("deactivate", "because it is deactivating; wait until that is over");
  await deactivating;
  await plugin.unload();
  await refused("initialize", "because it is unloaded; load it again");

  assertEquals(fake.topics, ["initialized", "activated", "deactivated", "unloaded"]);
});

Deno.test("Plugin.call() and Plugin.stream() refuse at once, and send nothing, while the plugin is not active", async (t) => {
  const methods = {
    echo: () => 1,
    count: streamOf(1),
  };

  /** Every way to call it, and the error that each has. */
  const refusals = async ({ plugin, workers }: FakePlugin): Promise<(string | undefined)[]> => {
    const remote = plugin.methods<{ echo(): number; count(): AsyncIterable<number> }>();
    const errors = await Promise.all([
      assertRejects(() => plugin.call("echo", []), Error),
      assertRejects(() => plugin.stream("count", []).next(), Error),
      assertRejects(() => remote.echo(), Error),
      assertRejects(async () => {
        for await (const _item of remote.count());
      }, Error),
    ]);
    await delivered();
    assertEquals(workers.flatMap(({ calls }) => calls).filter((name) => !name.startsWith("$")), []);
    return [...new Set(errors.map(codeOf))];
  };

  await t.step("before it is initialized", async () => {
    await using fake = await fakePlugin({ methods });
    assertEquals(await refusals(fake), ["plugin/state"]);
  });
  await t.step("before it is activated", async () => {
    await using fake = await fakePlugin({ methods });
    await fake.plugin.initialize();
    assertEquals(await refusals(fake), ["plugin/state"]);
  });
  await t.step("after it was deactivated", async () => {
    await using fake = await activePlugin({ methods });
    await fake.plugin.deactivate();
    assertEquals(await refusals(fake), ["plugin/state"]);
  });
  await t.step("after it was unloaded", async () => {
    await using fake = await activePlugin({ methods });
    await fake.plugin.unload();
    assertEquals(await refusals(fake), ["plugin/closed"]);
  });
  await t.step("after it crashed, with the reason", async () => {
    await using fake = await activePlugin({ methods });
    fake.worker.crash();
    assertEquals(await refusals(fake), ["plugin/closed"]);
    await assertRejects(() => fake.plugin.call("echo", []), KBertError, "because its worker failed: boom");
  });
  await t.step("while it is initialized again after a crash, without the old reason", async () => {
    await using fake = await activePlugin({ methods });
    fake.worker.crash();
    const again = fake.plugin.initialize();
    assertEquals(await refusals(fake).finally(() => again), ["plugin/state"]);
  });
  assertEquals(openThings().calls, 0);
});

Deno.test("Plugin that crashes while it is active ends its calls, says so, and tells its supervisor once", async () => {
  await using fake = await activePlugin({ methods: { slow: hang } });
  const { plugin } = fake;
  const calls = [plugin.call("slow", []), plugin.call("slow", [])];
  assertEquals(plugin.openCalls, 2);

  fake.worker.crash();
  fake.worker.crash("again");

  const errors = await Promise.all(calls.map((call) => assertRejects(() => call, KBertError)));
  assertEquals(errors.map(({ code }) => code), ["plugin/closed", "plugin/closed"]);
  assertEquals([plugin.state, plugin.openCalls, fake.worker.disposals], ["failed", 0, 1]);
  assertEquals(fake.crashes.map(({ message }) => message), [
    "The plugin sample cannot be called because its worker failed: boom",
  ]);
  assertEquals(fake.topics.slice(2).toSorted(), ["crashed", "execution_error", "execution_error"]);
  assertEquals(fake.events.find(([topic]) => topic === "plugin.crashed")?.[1], {
    plugin_name: "sample",
    error: "The plugin sample cannot be called because its worker failed: boom",
  });
});

Deno.test("Plugin that crashes while it is not active is not brought up again by itself", async (t) => {
  for (const state of ["initialized", "deactivated"] as const) {
    await t.step(state, async () => {
      await using fake = await fakePlugin();
      await fake.plugin.initialize();
      if (state === "deactivated") {
        await fake.plugin.activate();
        await fake.plugin.deactivate();
      }
      fake.worker.crash();
      assertEquals([fake.plugin.state, fake.topics.at(-1), fake.crashes], ["failed", "crashed", []]);
    });
  }
});

Deno.test("Plugin that breaks the protocol is ended like one that crashes", async () => {
  await using fake = await activePlugin({ methods: { slow: hang } });
  const pending = fake.plugin.call("slow", []);

  fake.worker.port.onframe?.("not a frame");

  const error = await assertRejects(() => pending, KBertError);
  assertEquals([error.code, fake.plugin.state, fake.worker.disposals], ["wall/frame", "failed", 1]);
  assertEquals(fake.topics.slice(2).toSorted(), ["crashed", "execution_error"]);
});

Deno.test("Plugin.deactivate() waits for open calls and streams, and takes no new ones", async () => {
  const answer = Promise.withResolvers<string>();
  await using fake = await activePlugin({
    methods: {
      slow: () => answer.promise,
      count: streamOf(1, 2),
    },
  });
  const { plugin } = fake;
  const call = plugin.call("slow", []);
  const stream = plugin.stream("count", []);
  assertEquals((await stream.next()).value, 1);

  const deactivating = plugin.deactivate();
  const refused = await assertRejects(() => plugin.call("slow", []), KBertError, "is deactivating");
  answer.resolve("done");
  assertEquals(await call, "done");
  assertEquals(fake.worker.calls.includes("$deactivate"), false);
  assertEquals([(await stream.next()).value, (await stream.next()).done], [2, true]);
  await deactivating;

  assertEquals([refused.code, plugin.state, plugin.openCalls], ["plugin/state", "deactivated", 0]);
  assertEquals(fake.worker.calls.at(-1), "$deactivate");
});

Deno.test("Plugin.deactivate() fails when open calls do not end, and what is left of them counts no more", async () => {
  using clock = fakeTime();
  await using fake = await activePlugin({
    limits: { callMs: 1_000 },
    methods: {
      count: streamOf(1, 2),
    },
  });
  const { plugin } = fake;
  const stream = plugin.stream("count", []);
  await stream.next(); // and then nobody reads on

  const deactivating = assertRejects(
    () => plugin.deactivate(),
    KBertError,
    "did not finish its 1 open calls",
  );
  await clock.tickAsync(1_000);

  assertEquals([(await deactivating).code, plugin.state], ["call/timeout", "failed"]);
  assertEquals(fake.worker.calls.includes("$deactivate"), false);
  await plugin.initialize();
  await plugin.activate();
  assertEquals(plugin.openCalls, 0);
  await plugin.deactivate();
  assertEquals(plugin.state, "deactivated");
  assertEquals((await assertRejects(() => stream.next(), KBertError)).code, "plugin/closed");
});

Deno.test("Plugin.unload() ends a plugin in whatever state, once, and never rejects", async (t) => {
  await t.step("one that never ran", async () => {
    await using fake = await fakePlugin();
    await fake.plugin.unload("not wanted");
    assertEquals(fake.events, [["plugin.unloaded", { plugin_name: "sample", reason: "not wanted" }]]);
    assertEquals([fake.workers.length, fake.unloads], [0, 1]);
  });
  await t.step("one that is active is deactivated first", async () => {
    await using fake = await activePlugin();
    await Promise.all([fake.plugin.unload(), fake.plugin.unload()]);
    await fake.plugin.unload();
    assertEquals(fake.topics.slice(2), ["deactivated", "unloaded"]);
    assertEquals([fake.worker.calls.at(-1), fake.worker.disposals, fake.unloads], ["$unload", 1, 1]);
  });
  await t.step("one that cannot be deactivated", async () => {
    await using fake = await activePlugin({
      methods: { $deactivate: () => Promise.reject(new Error("no")) },
    });
    await fake.plugin.unload();
    assertEquals(fake.topics.slice(2), ["deactivation_failed", "unloaded"]);
    assertEquals([fake.plugin.state, fake.worker.disposals], ["unloaded", 1]);
  });
  await t.step("one that says goodbye wrongly, with hooks that throw", async () => {
    await using fake = await fakePlugin({ methods: { $unload: () => Promise.reject(new Error("no")) } });
    const warnings: string[] = [];
    fake.bus.on("log.warning", ({ message }) => warnings.push(message));
    fake.hooks.add({
      preUnload: () => Promise.reject(new Error("before")),
      postUnload: () => Promise.reject(new Error("after")),
    });
    await fake.plugin.initialize();
    await fake.plugin.unload();
    assertEquals([fake.plugin.state, fake.worker.disposals], ["unloaded", 1]);
    assertEquals(warnings.map((message) => message.split(": ").at(-1)), ["before", "no", "after"]);
  });
  await t.step("one that crashes while it says goodbye", async () => {
    await using fake = await fakePlugin({ methods: { $unload: crash } });
    await fake.plugin.initialize();
    await fake.plugin.unload();
    assertEquals([fake.plugin.state, fake.unloads, fake.crashes.length], ["unloaded", 1, 0]);
  });
  await t.step("one that is ended at once while it is deactivated", async () => {
    await using fake = await activePlugin({ methods: { $deactivate: hang } });
    const unloading = fake.plugin.unload();
    await until(() => fake.worker.calls.includes("$deactivate"));
    fake.plugin[Symbol.dispose]();
    await unloading;
    assertEquals([fake.plugin.state, fake.worker.disposals, fake.unloads], ["unloaded", 1, 1]);
    assertEquals(fake.topics.filter((topic) => topic === "unloaded"), ["unloaded"]);
  });
});

Deno.test("Plugin[Symbol.dispose]() ends it at once and its calls with it, which is no failure of it", async () => {
  await using fake = await activePlugin({ methods: { slow: hang } });
  const pending = fake.plugin.call("slow", []);

  fake.plugin[Symbol.dispose]();
  fake.plugin[Symbol.dispose]();

  assertEquals((await assertRejects(() => pending, KBertError)).code, "plugin/closed");
  assertEquals([fake.plugin.state, fake.worker.disposals, fake.unloads], ["unloaded", 1, 1]);
  assertEquals(fake.topics.slice(2), ["unloaded"]);
  assertEquals(fake.worker.calls.includes("$deactivate"), false);
});

Deno.test("Plugin.quarantine() is left by a person, who initializes it", async () => {
  await using fake = await activePlugin();
  fake.worker.crash();

  fake.plugin.quarantine(new Error("three times is enough"));

  assertEquals(fake.plugin.state, "quarantined");
  await assertRejects(() => fake.plugin.call("x", []), Error, "three times is enough");
  await fake.plugin.initialize();
  assertEquals(fake.plugin.state, "initialized");
});

Deno.test("Plugin.has() and Plugin.streams() say what it described last, also after its end", async () => {
  await using fake = await fakePlugin({
    methods: {
      one: () => 1,
      many: streamOf(1),
    },
  });
  const { plugin } = fake;
  const known = (): unknown[] =>
    ["one", "many", "none", "toString"].map((name) => [plugin.has(name), plugin.streams(name)]);

  assertEquals(known(), [[false, undefined], [false, undefined], [false, undefined], [false, undefined]]);
  await plugin.initialize();
  const described = [[true, false], [true, true], [false, undefined], [false, undefined]];
  assertEquals(known(), described);
  fake.worker.crash();
  assertEquals(known(), described);
  assertEquals(
    (await assertRejects(() => Promise.resolve().then(() => plugin.tier), KBertError)).code,
    "plugin/state",
  );
});
