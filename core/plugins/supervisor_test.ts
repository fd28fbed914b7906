import { assertEquals, assertRejects } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import {
  activePlugin,
  delivered,
  type FakeOptions,
  type FakePlugin,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import { RESTART_DEFAULTS, type RestartPolicy } from "./restarts.ts";
import { Supervisor } from "./supervisor.ts";

/** An active plugin that is watched over. Disposing of it ends both. */
async function supervised(
  policy: Partial<RestartPolicy> = {},
  options: Pick<FakeOptions, "methods"> = {},
): Promise<FakePlugin & { supervisor: Supervisor }> {
  const fake: FakePlugin = await activePlugin({
    ...options,
    onCrash: (reason) => supervisor.crashed(reason),
  });
  const supervisor = new Supervisor(fake.plugin, fake.bus, { ...RESTART_DEFAULTS, ...policy });
  fake.events.length = 0;
  return Object.assign(fake, { supervisor });
}

Deno.test("Supervisor starts a plugin that crashed again, each time after twice the wait", async () => {
  using clock = fakeTime();
  await using fake = await supervised();
  const { plugin } = fake;

  for (const [index, delayMs] of [100, 200, 400].entries()) {
    fake.worker.crash();
    assertEquals(plugin.state, "failed");
    await clock.tickAsync(delayMs - 1);
    assertEquals([plugin.state, fake.workers.length], ["failed", index + 1]);
    await clock.tickAsync(1);
    await until(() => fake.topics.at(-1) === "restarted");
    assertEquals([plugin.state, fake.workers.length], ["active", index + 2]);
    assertEquals(fake.events.at(-1)?.[1], {
      plugin_name: "sample",
      restarts: index + 1,
      delay_ms: delayMs,
    });
  }
  assertEquals(fake.topics.slice(0, 4), ["crashed", "initialized", "activated", "restarted"]);
});

Deno.test("Supervisor quarantines a plugin that crashes once more than it may, and says so", async () => {
  using clock = fakeTime();
  await using fake = await supervised({ maxRestarts: 1 });
  fake.worker.crash();
  await clock.tickAsync(100);
  await until(() => fake.plugin.state === "active");

  fake.worker.crash("its worker failed: again");

  assertEquals([fake.plugin.state, clock.countTimers()], ["quarantined", 0]);
  assertEquals(fake.events.at(-1), ["plugin.quarantined", {
    plugin_name: "sample",
    restarts: 1,
    error: "The plugin sample cannot be called because its worker failed: again",
  }]);
  const error = await assertRejects(() => fake.plugin.call("double", [1]), KBertError);
  assertEquals([error.code, error.detail], [
    "plugin/quarantined",
    { plugin: "sample", restarts: 1, withinMs: 60_000 },
  ]);
  await clock.tickAsync(60_000);
  assertEquals([fake.plugin.state, fake.workers.length], ["quarantined", 2]);
});

Deno.test("Supervisor counts a restart that fails like a crash", async () => {
  using clock = fakeTime();
  let isBroken = false;
  await using fake = await supervised({ maxRestarts: 2 }, {
    methods: { $initialize: () => isBroken ? Promise.reject(new Error("no disk")) : undefined },
  });
  isBroken = true;

  fake.worker.crash();
  await clock.tickAsync(100);
  await until(() => fake.topics.includes("initialization_failed"));
  await delivered();
  assertEquals(fake.plugin.state, "failed");
  await clock.tickAsync(200);
  await until(() => fake.plugin.state === "quarantined");

  assertEquals(fake.topics, [
    ...["crashed", "initialization_failed", "initialization_failed", "quarantined"],
  ]);
  assertEquals(fake.events.at(-1)?.[1], {
    plugin_name: "sample",
    restarts: 2,
    error: "The plugin sample cannot be initialized: no disk",
  });
});

Deno.test("Supervisor restarts nothing after the plugin was unloaded or the supervisor disposed of", async (t) => {
  await t.step("while the restart waits", async () => {
    using clock = fakeTime();
    await using fake = await supervised();
    fake.worker.crash();
    fake.supervisor[Symbol.dispose]();
    assertEquals(clock.countTimers(), 0);
    await clock.tickAsync(60_000);
    assertEquals([fake.plugin.state, fake.workers.length], ["failed", 1]);
  });
  await t.step("before the crash", async () => {
    using clock = fakeTime();
    await using fake = await supervised();
    fake.supervisor[Symbol.dispose]();
    fake.worker.crash();
    assertEquals([fake.plugin.state, clock.countTimers()], ["failed", 0]);
  });
  await t.step("although only the plugin was unloaded", async () => {
    using clock = fakeTime();
    await using fake = await supervised();
    fake.worker.crash();
    await fake.plugin.unload();
    await clock.tickAsync(60_000);
    assertEquals([fake.plugin.state, fake.workers.length, fake.topics], [
      "unloaded",
      1,
      ["crashed", "unloaded"],
    ]);
  });
  await t.step("in the middle of the restart", async () => {
    using clock = fakeTime();
    const gate = Promise.withResolvers<undefined>();
    let starts = 0;
    await using fake = await supervised({}, {
      methods: { $initialize: () => ++starts === 1 ? undefined : gate.promise },
    });
    fake.worker.crash();
    await clock.tickAsync(100);
    await until(() => starts === 2);
    fake.supervisor[Symbol.dispose]();
    await fake.plugin.unload();
    gate.resolve(undefined);
    await delivered();
    assertEquals([fake.plugin.state, fake.worker.disposals, clock.countTimers()], ["unloaded", 1, 0]);
  });
});

Deno.test("Supervisor leaves alone what somebody else does with the plugin meanwhile", async (t) => {
  await t.step("who was faster to start it", async () => {
    using clock = fakeTime();
    await using fake = await supervised({ maxRestarts: 1 });
    fake.worker.crash();
    await fake.plugin.initialize();
    await fake.plugin.activate();
    await clock.tickAsync(60_000);
    assertEquals([fake.plugin.state, fake.workers.length], ["active", 2]);
    assertEquals(fake.topics, ["crashed", "initialized", "activated"]);
  });
  await t.step("who activated it between the two phases of the restart", async () => {
    using clock = fakeTime();
    await using fake = await supervised({ maxRestarts: 1 });
    const { plugin } = fake;
    const own: Promise<void>[] = [];
    using _listener = fake.bus.on("plugin.initialized", () => void own.push(plugin.activate()));
    fake.worker.crash();
    await clock.tickAsync(100);
    await until(() => own.length === 1 && plugin.state === "active");
    await Promise.all(own);
    await clock.tickAsync(60_000);
    assertEquals([plugin.state, fake.workers.length, fake.topics.includes("quarantined")], [
      "active",
      2,
      false,
    ]);
  });
});
