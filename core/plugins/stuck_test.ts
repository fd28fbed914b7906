/**
 * What becomes of a plugin that misses a deadline: one that is slow, and one that does nothing any more.
 *
 * @module
 */
import { activePlugin, delivered, hang, until } from "../../tests/fixtures/fake_plugin.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../deps/assert.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import { KBertError } from "../wall/errors.ts";
import type { Tier } from "../wall/sandbox.ts";

const admit = (tier: Tier) => () => Promise.resolve({ tier, permissions: NO_PERMISSIONS });

Deno.test("Plugin.call() that misses its deadline leaves a plugin alone that still reacts", async () => {
  using clock = fakeTime();
  await using fake = await activePlugin({ methods: { slow: hang, $ping: () => undefined } });

  const late = assertRejects(() => fake.plugin.call("slow", [], { timeoutMs: 100 }), KBertError);
  await clock.tickAsync(100);
  assertEquals((await late).code, "call/timeout");
  await clock.tickAsync(500);
  await delivered();

  assertEquals([fake.plugin.state, fake.worker.isOpen], ["active", true]);
});

Deno.test("Plugin.call() ends a process that does not react after a deadline, and the plugin may be restarted", async () => {
  using clock = fakeTime();
  await using fake = await activePlugin({ methods: { slow: hang, $ping: hang }, admit: admit("process") });

  const late = assertRejects(() => fake.plugin.call("slow", [], { timeoutMs: 100 }), KBertError);
  await clock.tickAsync(100);
  await late;
  assertEquals(fake.plugin.state, "active");
  await clock.tickAsync(500);
  await until(() => fake.crashes.length > 0);

  assertEquals([fake.plugin.state, fake.worker.disposals], ["failed", 1]);
  assertStringIncludes(fake.crashes[0]!.message, "it does nothing any more");
  await fake.plugin.initialize();
  assertEquals(fake.plugin.state, "initialized");
});

Deno.test("Plugin.stream() that misses its deadline quarantines a worker that does not react, and says what to do", async () => {
  using clock = fakeTime();
  const stuck = async function* (): AsyncGenerator<number> {
    yield 1;
    await hang();
  };
  await using fake = await activePlugin({
    methods: { stuck, slow: hang, $ping: hang },
    admit: admit("worker"),
  });

  const items = fake.plugin.stream("stuck", [], { timeoutMs: 100 });
  await items.next();
  const other = assertRejects(() => fake.plugin.call("slow", []), KBertError);
  const late = assertRejects(() => items.next(), KBertError);
  await clock.tickAsync(100);
  await late;
  await clock.tickAsync(500);

  const ended = await other;
  assertEquals([ended.code, fake.plugin.state, fake.crashes], ["plugin/quarantined", "quarantined", []]);
  assertStringIncludes(ended.message, 'load it with tier: "process"');
  assertEquals(fake.topics.includes("quarantined"), true);
  assertEquals(
    (await assertRejects(() => fake.plugin.call("slow", []), KBertError)).code,
    "plugin/quarantined",
  );
});
