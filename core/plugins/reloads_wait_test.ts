/**
 * Calls that wait while a plugin is reloaded: their deadline, their signal and the limit of open calls hold there.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { activePlugin } from "../../tests/fixtures/fake_plugin.ts";
import { stagedReload } from "../../tests/fixtures/staged_reload.ts";
import { KBertError } from "../wall/errors.ts";

Deno.test("Plugin.reload() holds calls no longer than they are allowed to take", async (t) => {
  await t.step("by their deadline", async () => {
    using clock = fakeTime();
    await using staged = await stagedReload("$restore", { limits: { callMs: 5_000 } });
    const { plugin } = staged.fake;
    const calls = [plugin.call("who", [], { timeoutMs: 700 }), plugin.call("who", [], { timeoutMs: 2_000 })];
    const refused = assertRejects(
      () => calls[0]!,
      KBertError,
      "did not answer who() within 700 ms: it was being reloaded",
    );

    await clock.tickAsync(1_000);
    assertEquals([(await refused).code, plugin.openCalls], ["call/timeout", 1]);
    staged.goOn();

    const { report } = await staged.reloading;
    assertEquals([await calls[1], report.heldCalls, report.pauseMs], ["new", 2, 1_000]);
  });
  await t.step("with what is left of it after the wait", async () => {
    using clock = fakeTime();
    await using staged = await stagedReload("$restore", { limits: { callMs: 5_000 } });
    const { plugin } = staged.fake;
    const refused: string[] = [];
    plugin.call("hang", [], { timeoutMs: 2_000 }).catch((error) => refused.push(error.code));

    await clock.tickAsync(1_500);
    staged.goOn();
    await staged.reloading;
    await clock.tickAsync(500);

    assertEquals([refused, clock.now], [["call/timeout"], 2_000]);
  });
  await t.step("by their signal", async () => {
    await using staged = await stagedReload("$restore");
    const { plugin } = staged.fake;
    const controller = new AbortController();
    const call = plugin.call("who", [], { signal: controller.signal });
    const items = plugin.stream("count", [], { signal: controller.signal });
    const refused = [call, items.next()].map((open) => assertRejects(() => open, KBertError, "was given up"));

    controller.abort(new Error("enough"));

    const errors = await Promise.all(refused);
    assertEquals(errors.map(({ code }) => code), ["call/aborted", "call/aborted"]);
    assertEquals(errors.map(({ cause }) => (cause as Error).message), ["enough", "enough"]);
    assertEquals(plugin.openCalls, 0);
    staged.goOn();
    await staged.reloading;
    assert(!staged.fake.worker.calls.includes("who"), "nobody is asked for what nobody waits for");
  });
  await t.step("and no more of them than may be open", async () => {
    await using staged = await stagedReload("$restore", { limits: { openCalls: 2 } });
    const { plugin } = staged.fake;
    const calls = [plugin.call("who", []), plugin.call("who", [])];

    const error = await assertRejects(
      () => plugin.call("who", []),
      KBertError,
      "2 calls wait for that already",
    );
    staged.goOn();

    assertEquals([error.code, await Promise.all(calls)], ["plugin/limit", ["new", "new"]]);
  });
});

Deno.test("Plugin.reload() refuses times that are none, before anything is done", async (t) => {
  for (const options of [{ drainMs: NaN }, { trialMs: -1 }, { shadow: { calls: 1, withinMs: NaN } }]) {
    await t.step(JSON.stringify(options), async () => {
      await using fake = await activePlugin();
      const version = await fake.version();

      await assertRejects(() => fake.plugin.reload(version, options), RangeError, "has to be 0 or more");

      assertEquals([fake.plugin.state, fake.workers.length], ["active", 1]);
    });
  }
});
