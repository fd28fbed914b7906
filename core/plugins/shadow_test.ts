/**
 * Shadow mode: a new version answers the same calls as the one that serves, and takes over if it does so alike.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "../deps/assert.ts";
import { compared } from "../../tests/fixtures/compared_plugin.ts";
import {
  crash,
  delivered,
  type FakeMethod,
  type FakePlugin,
  hang,
  streamOf,
} from "../../tests/fixtures/fake_plugin.ts";
import { Table } from "../table/table.ts";
import { toWire } from "../table/wire.ts";
import { openThings } from "../wall/ledger.ts";
import type { WireValue } from "../wall/values.ts";

/** Calls `work` with these, one after the other, and answers what came. */
async function work({ plugin }: FakePlugin, ...args: WireValue[]): Promise<WireValue[]> {
  const answers: WireValue[] = [];
  for (const arg of args) answers.push(await plugin.call("work", [arg]).catch((error) => error.message));
  return answers;
}

/** The new version did not take over: only the old one runs, and is called. */
async function servesOn({ plugin, workers }: FakePlugin): Promise<void> {
  const [old, fresh] = workers.map(({ calls }) => calls.length);
  await plugin.call("work", [0]).catch(() => {});
  await delivered();
  assertEquals([workers[0]!.calls.length, workers[1]!.calls.length], [old! + 1, fresh!]);
  assertEquals([plugin.state, workers.map(({ disposals }) => disposals)], ["active", [0, 1]]);
  assertEquals(openThings().calls, 0);
}

const double: FakeMethod = ({ args }) => Number(args[0]) * 2;
const almostDouble: FakeMethod = ({ args }) => Number(args[0]) * 2 + 1e-7;

Deno.test("Plugin.reload() with shadow lets callers have the old answers, until enough are alike", async () => {
  let captures = 0;
  const $capture = (): WireValue => ({ version: 1, own: ++captures });
  const restored: WireValue[] = [];
  const $restore: FakeMethod = ({ args }) => {
    restored.push(args[0]);
    return [];
  };
  await using both = await compared({ calls: 3 }, { work: double, $capture }, {
    work: almostDouble,
    $restore,
  });
  const { fake, fake: { plugin, log } } = both;
  const before = plugin.image.sha256;

  assertEquals(await work(fake, 1, 2), [2, 4]);
  assertEquals([plugin.state, plugin.image.sha256], ["reloading", before]);
  assertEquals(await work(fake, 3), [6]);
  const { report, retired } = await both.reloading;
  await retired;

  assertEquals(await work(fake, 1), [2 + 1e-7]);
  assertEquals(restored, [{ version: 1, own: 1 }, { version: 1, own: 2 }]); // that of the end is what counts
  const phases = log.filter((call) => /\$(?:capture|restore|activate)/.test(call)).slice(1);
  assertEquals(phases, ["1 $capture", "2 $restore", "2 $activate", "1 $capture", "2 $restore"]);
  const { shadow } = report;
  assertEquals([shadow?.calls, shadow?.problem, report.heldCalls], [3, undefined, 0]);
  assert(shadow && shadow.largest > 0.9e-7 && shadow.largest < 1.1e-7);
  const [told, ...more] = fake.events.filter(([topic]) => topic === "plugin.shadow_compared");
  assertEquals([told?.[1], more], [{
    ...{ plugin_name: "sample", calls: 3, is_within: true, largest_difference: shadow.largest },
    ...{ old_ms: shadow.oldMs, new_ms: shadow.newMs },
  }, []]);
  const phasesMs = ["start", "initialize", "drain", "capture", "restore", "activate", "shadow"];
  assertEquals(Object.keys(report.phasesMs), phasesMs);
  assertEquals([plugin.previous?.image.sha256, fake.workers.map(({ disposals }) => disposals)], [before, [
    1,
    0,
  ]]);
});

const fails: FakeMethod = () => {
  throw new RangeError("no soup");
};

/** What the old and the new version do with a call, and what is said of it. */
const DIFFERENCES: Readonly<Record<string, [old: FakeMethod, fresh: FakeMethod, problem: string]>> = {
  "another number": [
    () => ({ scores: [1, 0.5] }),
    () => ({ scores: [1, 0.75] }),
    "in call 1 of 3, work() answered something else at scores[1]: 0.75, expected 0.5",
  ],
  "another form": [() => "a", () => ["a"], "answered something else: a list of 1, expected"],
  "an error where the old one answers": [
    double,
    fails,
    "work() failed, and the version before answered: The plugin sample failed in work(): no soup",
  ],
  "an answer where the old one fails": [fails, double, "work() answered, and the version before failed"],
  "a crash": [double, crash, "its worker failed: boom"],
};

Deno.test("Plugin.reload() with shadow stops at the first difference, and the old version goes on", async (t) => {
  for (const [what, [old, fresh, problem]] of Object.entries(DIFFERENCES)) {
    await t.step(what, async () => {
      await using both = await compared({ calls: 3 }, { work: old }, { work: fresh });
      const { fake } = both;

      await work(fake, 1);

      await assertRejects(() => both.reloading, Error, problem);
      const told = fake.events.filter(([topic]) => topic === "plugin.shadow_compared");
      assertEquals(told.map(([, { is_within, calls }]) => [is_within, calls]), [[false, 1]]);
      await servesOn(fake);
    });
  }
});

Deno.test("Plugin.reload() with shadow calls it alike that both fail, or that a caller gave its call up", async () => {
  const moody: FakeMethod = (call) => call.args[0] === 1 ? fails(call, fake.workers[0]!) : hang();
  await using both = await compared({ calls: 2 }, { work: moody }, {
    work: ({ args }) => args[0] === 1 ? Promise.reject(new Error("no bread")) : 7,
  });
  const { fake } = both;
  const controller = new AbortController();

  await assertRejects(() => fake.plugin.call("work", [1]), Error, "no soup");
  const given = fake.plugin.call("work", [2], { signal: controller.signal });
  await delivered();
  controller.abort();
  await assertRejects(() => given, Error, "was given up");

  const { report } = await both.reloading;
  assertEquals([report.shadow?.calls, report.shadow?.largest], [2, 0]);
});

Deno.test("Plugin.reload() with shadow compares tables by their cells, within tolerance", async () => {
  const table = (value: number): WireValue =>
    toWire(Table.from({ x: [1, 2], y: [value, null] })) as unknown as WireValue;
  const methods = (value: number): Record<string, FakeMethod> => ({ extractFeatures: () => table(value) });
  await using near = await compared({ calls: 1 }, methods(0.5), methods(0.5 + 1e-9));
  await near.fake.plugin.call("extractFeatures", []);
  const { report } = await near.reloading;
  assertLess(Math.abs(report.shadow!.largest - 1e-9), 1e-15);

  await using far = await compared({ calls: 1 }, methods(0.5), methods(0.6));
  await far.fake.plugin.call("extractFeatures", []);
  await assertRejects(() => far.reloading, Error, "answered something else at y[0]: 0.6, expected 0.5");
});

Deno.test("Plugin.reload() with shadow never lets a caller wait for the new version, nor see what is its own", async () => {
  const seen: WireValue[] = [];
  const sums: FakeMethod = ({ args }) => {
    seen.push(structuredClone(args[0])); // what is answered is moved
    return args[0];
  };
  const gate = Promise.withResolvers<undefined>();
  const slow: FakeMethod = async (call, worker) => {
    await gate.promise;
    return await sums(call, worker) as WireValue;
  };
  await using both = await compared({ calls: 1 }, { work: sums }, { work: slow });
  const tensor = { dtype: "float32" as const, shape: [2], data: Float32Array.of(1, 2) };

  const [answer] = await work(both.fake, tensor) as [typeof tensor];
  assertEquals([answer.data, tensor.data.length], [Float32Array.of(1, 2), 0]); // moved, as ever
  answer.data.fill(9); // whoever has an answer may write to it
  gate.resolve(undefined);

  const { report } = await both.reloading;
  assertEquals([seen.length, seen[1]], [2, { ...tensor, data: Float32Array.of(1, 2) }]);
  assertEquals(report.shadow?.largest, 0);
});

Deno.test("Plugin.reload() with shadow makes only so many calls, and no stream, of the new version", async () => {
  const gate = Promise.withResolvers<number>();
  const methods = { work: () => gate.promise, count: streamOf(1, 2) };
  await using both = await compared({ calls: 2 }, methods, { count: streamOf(3, 4) });
  const { plugin, log } = both.fake;

  const calls = [1, 2, 3, 4].map((number) => plugin.call("work", [number]));
  const items = await Array.fromAsync(plugin.stream("count", []));
  gate.resolve(5);

  assertEquals([items, await Promise.all(calls)], [[1, 2], [5, 5, 5, 5]]);
  await both.reloading;
  assertEquals(log.filter((call) => /^2 (?:work|count)/.test(call)), ["2 work", "2 work"]);
});

Deno.test("Plugin.reload() with shadow loses no call when it switches, and keeps the order of each caller", async () => {
  await using both = await compared({ calls: 25 }, { work: ({ args }) => args[0] });
  const { fake, fake: { plugin, workers } } = both;
  const caller = async (name: string): Promise<WireValue[]> => {
    const names = Array.from({ length: 30 }, (_, index) => `${name}${index}`);
    return await work(fake, ...names);
  };

  const answers = await Promise.all(["a", "b", "c", "d"].map(caller));
  const { report } = await both.reloading;

  assertEquals(answers.map((list) => list.length), [30, 30, 30, 30]);
  for (const [index, name] of ["a", "b", "c", "d"].entries()) {
    assertEquals(answers[index], Array.from({ length: 30 }, (_, number) => `${name}${number}`));
  }
  const [old, fresh] = workers.map(({ calls }) => calls.filter((method) => method === "work").length);
  assertEquals([old! + fresh!, report.shadow?.calls], [120 + 25, 25]);
  assertGreater(fresh!, 25);
  assertEquals(plugin.openCalls, 0);
});
