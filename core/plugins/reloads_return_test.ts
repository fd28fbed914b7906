/**
 * While a version is brought back: what waits for it, what ends it, and what if it cannot be.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { activePlugin, delivered, type FakeVersion, hang, until } from "../../tests/fixtures/fake_plugin.ts";
import { reloaded, running } from "../../tests/fixtures/reloaded_plugin.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import { openThings } from "../wall/ledger.ts";
import type { WireValue } from "../wall/values.ts";

/** Of a version that is brought back. */
const PHASES = ["$load", "$initialize", "$restore", "$activate"];
const DESCRIPTION = { methods: [{ name: "who", parameters: 0, streams: false }], configuration: "null" };

Deno.test("Plugin that cannot be brought back has failed, once, with the reason of that", async (t) => {
  for (const phase of PHASES) {
    await t.step(phase, async () => {
      let isBroken = false;
      const fails = (): WireValue => {
        if (isBroken) throw new RangeError("no soup");
        return phase === "$load" ? DESCRIPTION : undefined;
      };
      const { fake } = await reloaded({ old: { [phase]: fails } });
      await using _fake = fake;
      isBroken = true;

      fake.worker.crash();
      const waiting = assertRejects(() => fake.plugin.call("who", []), Error, "no soup");
      await waiting;

      assertEquals([fake.plugin.state, fake.plugin.openCalls, running(fake)], ["failed", 0, []]);
      assertEquals(fake.crashes.map(({ message }) => message.includes("no soup")), [true]);
      assert(!fake.topics.includes("rolled_back"));
      await assertRejects(() => fake.plugin.call("who", []), Error, "no soup");
    });
  }
});

Deno.test("Plugin that is ended while a version is brought back leaves nothing", async (t) => {
  for (const phase of PHASES) {
    for (const end of ["unload", "dispose"] as const) {
      await t.step(`${end} in ${phase}`, async () => {
        let isLate = false;
        const stands = (): WireValue | Promise<never> =>
          isLate ? hang() : phase === "$load" ? DESCRIPTION : undefined;
        const { fake } = await reloaded({ old: { [phase]: stands } });
        await using _fake = fake;
        const { plugin } = fake;
        isLate = true;
        fake.worker.crash();
        const waiting = assertRejects(() => plugin.call("who", []), Error, "cannot be called because");
        await until(() => fake.worker.calls.includes(phase) && fake.workers.length === 3);

        if (end === "unload") await plugin.unload();
        else plugin[Symbol.dispose]();
        await waiting;
        await delivered();

        assertEquals([plugin.state, fake.unloads, fake.crashes, running(fake)], ["unloaded", 1, [], []]);
        const { channels, calls, sandboxes } = openThings();
        assertEquals([channels, calls, sandboxes], [0, 0, 0]);
      });
    }
  }
});

Deno.test("Plugin holds a call while a version is brought back no longer than its usual deadline", async () => {
  using clock = fakeTime();
  let isLate = false;
  const { fake } = await reloaded({
    limits: { callMs: 500 },
    old: {
      $restore: () => isLate ? new Promise((resolve) => setTimeout(() => resolve([]), 499)) : [],
      who: hang,
    },
  });
  await using _fake = fake;
  isLate = true;
  fake.worker.crash();

  const refused: string[] = [];
  fake.plugin.call("who", []).catch((error) => refused.push(error.code));
  await clock.tickAsync(500);

  fake.plugin[Symbol.dispose](); // what waits longer ends now
  assertEquals(refused, ["call/timeout"]);
});

Deno.test("Plugin.reload() waits until the version before is brought back, and reloads that", async () => {
  const { fake } = await reloaded();
  await using _fake = fake;
  const next = await fake.version({ methods: { who: () => "next" } });
  const before = fake.plugin.previous!.image.sha256;

  fake.worker.crash();
  const { report } = await fake.plugin.reload(next);

  assertEquals([report.from, await fake.plugin.call("who", [])], [before, "next"]);
  assertEquals(fake.topics.filter((topic) => topic === "rolled_back"), ["rolled_back"]);
});

Deno.test("Plugin is brought back with the rights that it had: nobody is asked again", async () => {
  const asked: unknown[] = [];
  const admit: FakeVersion["admit"] = (before) => {
    asked.push(before?.image.sha256);
    if (before === undefined && asked.length > 1) {
      return Promise.reject(new Error("there is nobody to be asked"));
    }
    return Promise.resolve({ permissions: { ...NO_PERMISSIONS, services: ["a"] } });
  };
  await using fake = await activePlugin({ admit, methods: { who: () => "first" } });
  const { plugin } = fake;
  const hashes = [plugin.image.sha256];
  for (const name of ["second", "third"]) {
    await (await plugin.reload(await fake.version({ admit, methods: { who: () => name } }))).retired;
    hashes.push(plugin.image.sha256);
  }

  fake.worker.crash();
  await until(() => plugin.state !== "reloading");

  assertEquals([plugin.state, plugin.image.sha256], ["active", hashes[1]]);
  assertEquals(asked.slice(0, 3), [undefined, hashes[0], hashes[1]]);
});
