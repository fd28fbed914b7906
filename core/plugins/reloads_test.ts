/**
 * The reload of one plugin that goes well: who is asked what in which order, who answers the calls and streams of
 * the time, and what goes over.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import {
  activePlugin,
  delivered,
  type FakeMethod,
  type FakePlugin,
  fakePlugin,
  hang,
  streamOf,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { PluginHooks } from "./hooks.ts";
import { PhaseClock } from "./phase_clock.ts";

/** Answers who it is and what it was asked, and goes on with a count. */
function counting(name: string, answers: string[] = []): Record<string, FakeMethod> {
  return {
    who: ({ args }) => {
      answers.push(`${name} ${args}`);
      return `${name} ${args}`;
    },
    count: streamOf(...[1, 2, 3].map((item) => `${name} ${item}`)),
  };
}

Deno.test("Plugin.reload() starts the new version beside the old one, gives it the state, and lets the old one go", async () => {
  await using fake = await activePlugin();
  const { plugin, log } = fake;
  const before = plugin.image.sha256;
  log.length = 0;
  const version = await fake.version({ manifest: "version: 2.0.0\nentry_points:\n  plugin: main:Main\n" });

  const { report, retired } = await plugin.reload(version);
  const whenSwitched = [...log];
  await retired;

  const course = [
    ...["2 $load", "2 $initialize", "1 $capture", "2 $restore", "2 $activate"],
    ...["1 $deactivate", "1 $unload"],
  ];
  assertEquals(log, course);
  assert(!whenSwitched.includes("1 $unload"), "nobody waits for the end of the old one");
  assertEquals([plugin.state, plugin.version, plugin.image], ["active", "2.0.0", version.image]);
  assertEquals(fake.workers.map(({ disposals }) => disposals), [1, 0]);
  assertEquals([report.plugin, report.from, report.to], ["sample", before, version.image.sha256]);
  const phases = ["start", "initialize", "drain", "capture", "restore", "activate"];
  assertEquals(Object.keys(report.phasesMs), phases);
  assertEquals([report.heldCalls, report.fresh, report.shadow], [0, [], undefined]);
  // It was made and is active once more, but for those who listen it was so all the time.
  assertEquals([fake.topics, fake.crashes], [["initialized", "activated"], []]);
  assertEquals(plugin.previous?.image.sha256, before);
});

Deno.test("Plugin.reload() makes a plugin have the methods of the new version", async () => {
  await using fake = await activePlugin({ methods: { who: () => "old", list: () => [] } });
  const { plugin } = fake;

  await plugin.reload(await fake.version({ methods: { list: streamOf(1), more: () => 1 } }));

  assertEquals([plugin.has("who"), plugin.has("more"), plugin.streams("list")], [false, true, true]);
  await assertRejects(() => plugin.call("who", []), KBertError, "has no method who()");
});

Deno.test("Plugin.reload() runs the host's hooks around the new version's phases, and names it", async () => {
  await using fake = await activePlugin();
  const order = fake.log;
  order.length = 0;
  const names = ["preInitialization", "postInitialization", "preActivation", "postActivation"];
  const hooks = names.map((
    name,
  ) => [name, ({ version }: { version: string }) => void order.push(`${name} ${version}`)]);
  using _hooks = fake.hooks.add(Object.fromEntries(hooks) as PluginHooks);

  await fake.plugin.reload(
    await fake.version({ manifest: "version: 2.0.0\nentry_points:\n  plugin: main:Main\n" }),
  );

  assertEquals(order.slice(0, 9), [
    ...["2 $load", "preInitialization 2.0.0", "2 $initialize", "postInitialization 2.0.0"],
    ...["1 $capture", "2 $restore", "preActivation 2.0.0", "2 $activate", "postActivation 2.0.0"],
  ]);
});

Deno.test("Plugin.reload() lets the old version answer what is open, and the new one what waited, in its order", async () => {
  const answers: string[] = [];
  const gate = Promise.withResolvers<string>();
  await using fake = await activePlugin({
    methods: { ...counting("old", answers), work: () => gate.promise },
  });
  const { plugin } = fake;
  const clock = new PhaseClock();

  const open = plugin.call("work", []);
  const reloading = plugin.reload(await fake.version({ methods: counting("new", answers) }), {}, clock);
  const early = plugin.call("who", ["early"]);
  await until(() => clock.current === "drain");
  const waiting = [1, 2, 3].map((number) => plugin.call("who", [number]));
  const stream = Array.fromAsync(plugin.stream("count", []));
  const last = plugin.call("who", [4]);
  await delivered();
  assertEquals([answers, plugin.openCalls], [["old early"], 6]);
  gate.resolve("done");
  const { report } = await reloading;

  assertEquals([await open, await early], ["done", "old early"]);
  assertEquals(await Promise.all([...waiting, last]), ["new 1", "new 2", "new 3", "new 4"]);
  assertEquals(await stream, ["new 1", "new 2", "new 3"]);
  assertEquals(answers.slice(1), ["new 1", "new 2", "new 3", "new 4"]);
  // In the order in which they were made, the stream among them.
  const called = fake.log.filter((call) => /^2 \w/.test(call));
  assertEquals(called, ["2 who", "2 who", "2 who", "2 count", "2 who"]);
  assertEquals([report.heldCalls, plugin.openCalls], [5, 0]);
});

Deno.test("Plugin.reload() lets the old version finish a stream that is open, and keeps the new one waiting", async () => {
  await using fake = await activePlugin({ methods: counting("old") });
  const stream = fake.plugin.stream("count", []);
  const items = [(await stream.next()).value];
  const clock = new PhaseClock();

  const reloading = fake.plugin.reload(await fake.version({ methods: counting("new") }), {}, clock);
  await until(() => clock.current === "drain");
  for await (const item of stream) items.push(item);
  await reloading;

  assertEquals(items, ["old 1", "old 2", "old 3"]);
  assertEquals(await Array.fromAsync(fake.plugin.stream("count", [])), ["new 1", "new 2", "new 3"]);
});

Deno.test("Plugin.reload() gives up what does not end within drainMs, and goes on", async () => {
  using clock = fakeTime();
  const aborted: string[] = [];
  const stubborn: FakeMethod = (call) => {
    call.signal.addEventListener("abort", () => aborted.push(call.method));
    return hang();
  };
  await using fake = await activePlugin({
    methods: {
      ...counting("old"),
      work: stubborn,
      endless: streamOf(1, 2, 3),
    },
  });
  const { plugin } = fake;
  const call = assertRejects(() => plugin.call("work", []), KBertError, "they did not end within 400 ms");
  const stream = plugin.stream("endless", []);
  await stream.next();
  const reloading = plugin.reload(await fake.version({ methods: counting("new") }), { drainMs: 400 });
  await delivered();
  const waiting = plugin.call("who", [1]);

  await clock.tickAsync(399);
  assertEquals([plugin.state, plugin.openCalls, fake.log.includes("1 $capture")], ["reloading", 3, false]);
  await clock.tickAsync(1);
  const { report } = await reloading;

  assertEquals([(await call).code, await waiting, report.heldCalls], ["call/aborted", "new 1", 1]);
  const left = await assertRejects(() => stream.next(), KBertError, "it was reloaded");
  assertEquals([left.code, aborted, plugin.openCalls], ["call/aborted", ["work"], 0]);
  assertGreaterOrEqual(report.pauseMs, 400);
});

Deno.test("Plugin.reload() gives a plugin that does not run the new code, and starts one that has failed", async (t) => {
  const methods = { who: () => "new" };
  await t.step("discovered", async () => {
    await using fake = await fakePlugin({ methods: { who: () => "old" } });
    const { report } = await fake.plugin.reload(await fake.version({ methods }));
    assertEquals([fake.plugin.state, report.heldCalls, fake.workers.length], ["discovered", 0, 0]);
    await startsWithNew(fake);
  });
  await t.step("deactivated", async () => {
    await using fake = await activePlugin({ methods: { who: () => "old" } });
    await fake.plugin.deactivate();
    const { retired } = await fake.plugin.reload(await fake.version({ methods }));
    await retired;
    assertEquals([fake.plugin.state, fake.workers.map(({ disposals }) => disposals)], ["deactivated", [1]]);
    assertEquals([fake.worker.calls.at(-1), fake.crashes, fake.topics.at(-1)], [
      "$unload",
      [],
      "deactivated",
    ]);
    await startsWithNew(fake);
  });
  for (const state of ["failed", "quarantined"] as const) {
    await t.step(state, async () => {
      await using fake = await activePlugin({ methods: { who: () => "old" } });
      fake.worker.crash();
      if (state === "quarantined") fake.plugin.quarantine(new Error("too often"));
      assertEquals(fake.plugin.state, state);
      const { report } = await fake.plugin.reload(await fake.version({ methods }));
      assertEquals([Object.keys(report.phasesMs), fake.plugin.previous], [
        ["initialize", "activate"],
        undefined,
      ]);
      assertEquals([fake.plugin.state, await fake.plugin.call("who", [])], ["active", "new"]);
    });
  }
});

async function startsWithNew({ plugin }: FakePlugin): Promise<void> {
  await plugin.initialize();
  await plugin.activate();
  assertEquals(await plugin.call("who", []), "new");
}
