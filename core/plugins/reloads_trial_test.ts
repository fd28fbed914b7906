/**
 * The time after a reload: a version that crashes soon is replaced by the one before, once.
 *
 * @module
 */
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { delivered, until } from "../../tests/fixtures/fake_plugin.ts";
import { reloaded, running, STATE } from "../../tests/fixtures/reloaded_plugin.ts";

Deno.test("Plugin that crashes within trialMs goes back to the version before, with the state that it gave", async () => {
  const { fake, restored } = await reloaded();
  await using _fake = fake;
  const { plugin } = fake;
  const [from, to] = [plugin.image.sha256, plugin.previous!.image.sha256];
  assertEquals(plugin.previous?.image.sha256 === from, false);
  const open = assertRejects(() => plugin.call("hang", []), Error, "its worker failed: boom");

  fake.worker.crash();
  const waiting = [plugin.call("who", []), plugin.call("who", [])];
  assertEquals([plugin.state, plugin.openCalls], ["reloading", 2]);
  await open;

  assertEquals(await Promise.all(waiting), ["old", "old"]);
  assertEquals([plugin.state, plugin.image.sha256, running(fake)], ["active", to, [3]]);
  assertEquals(fake.worker.calls, ["$load", "$initialize", "$restore", "$activate", "who", "who"]);
  assertEquals(restored, [STATE]); // its buffers, too, were kept until now
  const told = fake.events.filter(([topic]) => topic !== "plugin.execution_error");
  const reason =
    "it crashed after it was reloaded: The plugin sample cannot be called because its worker failed: boom";
  assertEquals(told, [
    ["plugin.crashed", { plugin_name: "sample", error: reason.split("reloaded: ")[1] }],
    ["plugin.rolled_back", { plugin_name: "sample", from_sha256: from, to_sha256: to, reason }],
  ]);
  assertEquals([fake.crashes, plugin.previous], [[], undefined]);
});

Deno.test("Plugin that was brought back has no other version left: the second crash is a usual one", async () => {
  const { fake } = await reloaded();
  await using _fake = fake;
  fake.worker.crash();
  await until(() => fake.plugin.state === "active");

  fake.worker.crash();

  assertEquals([fake.plugin.state, fake.crashes.length, running(fake)], ["failed", 1, []]);
  await assertRejects(() => fake.plugin.call("who", []), Error, "its worker failed: boom");
});

Deno.test("Plugin that was brought back says of itself what it is, and not what it was", async () => {
  const { fake } = await reloaded();
  await using _fake = fake;
  fake.worker.crash();
  await until(() => fake.plugin.state === "active");

  await fake.plugin.deactivate();

  await assertRejects(() => fake.plugin.call("who", []), Error, "because it is deactivated");
});

Deno.test("Plugin that crashes after trialMs crashes as ever, and nothing is brought back", async (t) => {
  const after = async (trialMs: number | undefined, passesMs: number): Promise<string> => {
    using clock = fakeTime();
    const { fake } = await reloaded({ reload: trialMs === undefined ? {} : { trialMs } });
    await using _fake = fake;
    if (passesMs > 0) await clock.tickAsync(passesMs);
    fake.worker.crash();
    const state = fake.plugin.state;
    await delivered();
    assertEquals(fake.crashes.length, state === "failed" ? 1 : 0);
    return state;
  };
  const times = [
    ...[[undefined, 9_999, 10_000], [500, 499, 500]] as const,
    ...[[0, undefined, 0], [Infinity, 60_000, undefined]] as const,
  ];
  for (const [trialMs, within, over] of times) {
    await t.step(`trialMs: ${trialMs ?? "the usual ten seconds"}`, async () => {
      if (within !== undefined) assertEquals(await after(trialMs, within), "reloading");
      if (over !== undefined) assertEquals(await after(trialMs, over), "failed");
    });
  }
});

Deno.test("Plugin that is reloaded on trial has a trial of its own, or none, whatever the one before had", async (t) => {
  for (const [trialMs, state] of [[1_000, "reloading"], [0, "failed"]] as const) {
    await t.step(`trialMs: ${trialMs}`, async () => {
      using clock = fakeTime();
      const { fake } = await reloaded({ reload: { trialMs: 1_000 } });
      await using _fake = fake;
      await clock.tickAsync(600);
      await (await fake.plugin.reload(await fake.version(), { trialMs })).retired;
      await clock.tickAsync(trialMs && 600); // 1,200 ms after the first one

      fake.worker.crash();

      assertEquals(fake.plugin.state, state);
      await until(() => fake.plugin.state !== "reloading");
    });
  }
});

Deno.test("Plugin on trial keeps no timer when it is unloaded", async () => {
  using clock = fakeTime();
  const { fake } = await reloaded();

  await fake[Symbol.asyncDispose]();

  assertEquals(clock.countTimers(), 0);
});

Deno.test("Plugin stays on trial when the next reload fails, and goes back to what worked", async () => {
  const { fake } = await reloaded();
  await using _fake = fake;
  const broken = await fake.version({ methods: { $initialize: () => Promise.reject(new Error("no soup")) } });
  await assertRejects(() => fake.plugin.reload(broken), Error, "no soup");

  fake.workers[1]!.crash();
  await until(() => fake.plugin.state === "active");

  assertEquals([await fake.plugin.call("who", []), fake.crashes], ["old", []]);
});
