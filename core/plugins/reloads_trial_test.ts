/**
 * The time after a reload: a version that crashes soon is replaced by the one before, once.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../tests/deps/fake_timers.ts";
import {
  activePlugin,
  delivered,
  type FakeOptions,
  type FakePlugin,
  type FakeVersion,
  hang,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import { NO_PERMISSIONS } from "../security/permissions.ts";
import { openThings } from "../wall/ledger.ts";
import type { WireValue } from "../wall/values.ts";
import type { ReloadOptions } from "./reloads.ts";

const STATE = {
  version: 3,
  own: { soup: 1 },
  port: { dtype: "float32" as const, shape: [1], data: Float32Array.of(7) },
};

/** Of a version that is brought back. */
const PHASES = ["$load", "$initialize", "$restore", "$activate"];
const DESCRIPTION = { methods: [{ name: "who", parameters: 0, streams: false }], configuration: "null" };

/** A plugin that was reloaded; each start of the version before pushes what it was given to `restored`. */
async function reloaded(
  { old = {}, fresh = {}, reload, ...options }: {
    readonly old?: FakeVersion["methods"];
    readonly fresh?: FakeVersion["methods"];
    readonly reload?: ReloadOptions;
  } & Omit<FakeOptions, "methods" | "port"> = {},
): Promise<{ fake: FakePlugin; restored: WireValue[] }> {
  const restored: WireValue[] = [];
  const fake: FakePlugin = await activePlugin({
    ...options,
    methods: {
      who: () => "old",
      $capture: () => structuredClone(STATE),
      $restore: ({ args }) => {
        restored.push(args[0]);
        return [];
      },
      ...old,
    },
  });
  const version = await fake.version({ methods: { who: () => "new", hang, ...fresh } });
  await (await fake.plugin.reload(version, reload)).retired;
  fake.events.length = 0;
  return { fake, restored };
}

/** Of all workers, which run. */
function running({ workers }: FakePlugin): number[] {
  return workers.flatMap(({ disposals }, index) => disposals === 0 ? [index + 1] : []);
}

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
    await clock.tickAsync(passesMs);
    fake.worker.crash();
    const state = fake.plugin.state;
    await delivered();
    assertEquals(fake.crashes.length, state === "failed" ? 1 : 0);
    return state;
  };
  const times = [[undefined, 9_999, 10_000], [500, 499, 500], [0, undefined, 0]] as const;
  for (const [trialMs, within, over] of times) {
    await t.step(`trialMs: ${trialMs ?? "the usual ten seconds"}`, async () => {
      if (within !== undefined) assertEquals(await after(trialMs, within), "reloading");
      assertEquals(await after(trialMs, over), "failed");
    });
  }
});

Deno.test("Plugin on trial keeps no timer when it is unloaded", async () => {
  using clock = fakeTime();
  const { fake } = await reloaded();

  await fake[Symbol.asyncDispose]();

  assertEquals(clock.countTimers(), 0);
});

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

Deno.test("Plugin stays on trial when the next reload fails, and goes back to what worked", async () => {
  const { fake } = await reloaded();
  await using _fake = fake;
  const broken = await fake.version({ methods: { $initialize: () => Promise.reject(new Error("no soup")) } });
  await assertRejects(() => fake.plugin.reload(broken), Error, "no soup");

  fake.workers[1]!.crash();
  await until(() => fake.plugin.state === "active");

  assertEquals([await fake.plugin.call("who", []), fake.crashes], ["old", []]);
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
