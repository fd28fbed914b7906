/**
 * How a comparison in shadow mode ends that does not end in a verdict, and the events of its time.
 *
 * @module
 */
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { type Compared, compared } from "../../tests/fixtures/compared_plugin.ts";
import { delivered, type FakeMethod, type FakePlugin, hang } from "../../tests/fixtures/fake_plugin.ts";
import { openThings } from "../wall/ledger.ts";
import type { WireValue } from "../wall/values.ts";

const work: FakeMethod = ({ args }) => args[0];

/** One call was compared; the new version is ended, and the old one alone is called. */
async function servesOn({ plugin, workers }: FakePlugin): Promise<void> {
  assertEquals(await plugin.call("work", [5]), 5);
  await delivered();
  assertEquals([workers[0]!.calls.at(-1), workers[1]!.calls.at(-1)], ["work", "work"]);
  assertEquals([plugin.state, workers.map(({ disposals }) => disposals)], ["active", [0, 1]]);
}

Deno.test("Plugin.reload() with shadow waits for its calls no longer than withinMs", async () => {
  using clock = fakeTime();
  await using both = await compared({ calls: 3, withinMs: 800 }, { work });
  await both.fake.plugin.call("work", [1]);
  await delivered();

  await clock.tickAsync(800);

  await assertRejects(() => both.reloading, Error, "only 1 of 3 calls came within 800 ms");
  await servesOn(both.fake);
});

Deno.test("Plugin.reload() with shadow refuses a number of calls and a tolerance that are none", async (t) => {
  const options = [{ calls: 0 }, { calls: 1.5 }, { calls: NaN }, { calls: 1, absolute: -1 }, {
    calls: 1,
    relative: Infinity,
  }];
  for (const shadow of options) {
    await t.step(Deno.inspect(shadow), async () => {
      await using both = await compared(shadow, { work });

      await assertRejects(() => both.reloading, RangeError, "Cannot compare");

      const { plugin, workers } = both.fake;
      assertEquals([plugin.state, await plugin.call("work", [5])], ["active", 5]);
      assertEquals(workers.map(({ disposals }) => disposals).slice(1).filter((times) => times !== 1), []);
    });
  }
});

Deno.test("Plugin.reload() with shadow is given up by its signal, and the old version goes on", async () => {
  const controller = new AbortController();
  await using both = await compared({ calls: 3 }, { work }, {}, { reload: { signal: controller.signal } });
  await both.fake.plugin.call("work", [1]);

  controller.abort(new Error("enough"));

  await assertRejects(() => both.reloading, Error, "enough");
  await servesOn(both.fake);
});

Deno.test("Plugin.reload() with shadow ends with the old version, however that ends", async (t) => {
  const ends: Record<string, (both: Compared) => void | Promise<void>> = {
    crash: ({ fake }) => fake.workers[0]!.crash(),
    unload: ({ fake }) => fake.plugin.unload(),
    dispose: ({ fake }) => fake.plugin[Symbol.dispose](),
  };
  for (const [end, how] of Object.entries(ends)) {
    await t.step(end, async () => {
      await using both = await compared({ calls: 3 }, { work, hang });
      const { fake } = both;
      await fake.plugin.call("work", [1]);
      const open = end === "unload" ? undefined : assertRejects(() => fake.plugin.call("hang", []), Error);
      await delivered(); // both are at it

      await how(both);

      await open;
      await assertRejects(() => both.reloading, Error);
      await delivered();
      assertEquals(fake.workers.map(({ disposals }) => disposals), [1, 1]);
      const { channels, calls } = openThings();
      assertEquals([channels, calls], [0, 0]);
      assertEquals(
        [fake.plugin.state, fake.crashes.length],
        end === "crash" ? ["failed", 1] : ["unloaded", 0],
      );
    });
  }
});

Deno.test("Plugin.reload() with shadow lets both versions hear what is emitted, and only one be heard", async () => {
  const heard: WireValue[] = [];
  const said: unknown[] = [];
  const listening = (name: string): Record<string, FakeMethod> => ({
    $initialize: async (_call, worker) => {
      await worker.channel.call("events.subscribe", ["news.*", 0]);
      return undefined;
    },
    work: ({ args }, worker) => {
      void worker.channel.emit({ topic: "sample.said", payload: `${name} ${args[0]}` });
      return args[0];
    },
  });
  await using both = await compared({ calls: 2 }, listening("old"), listening("fresh"), {
    manifest: "entry_points: { plugin: main:Main }\nevents: { listens: ['news.*'], emits: [sample.said] }\n",
    onEvents: (events) => void heard.push(...events.map(({ payload }) => payload)),
  });
  const { fake, fake: { plugin, bus } } = both;
  bus.on("sample.said" as "log.info", (text) => void said.push(text));

  await bus.publish("host", "news.a", 1);
  await plugin.call("work", [1]);
  await bus.publish("host", "news.a", 2);
  await plugin.call("work", [2]);
  await (await both.reloading).retired;
  await bus.publish("host", "news.a", 3);
  await plugin.call("work", [3]);
  await delivered();

  assertEquals(said, ["old 1", "old 2", "fresh 3"]);
  assertEquals([fake.workers.length, heard], [2, [1, 1, 2, 2, 3]]); // each of both heard 1 and 2
});

Deno.test("Plugin.reload() with shadow tells nobody that the new version failed, and no hook of its calls", async () => {
  const fails = (): never => {
    throw new Error("not yet");
  };
  await using both = await compared({ calls: 1 }, { work: () => 1 }, { work: fails });
  const { fake, fake: { plugin } } = both;
  const hooked: string[] = [];
  using _hook = fake.hooks.add({ preExecution: (_plugin, method) => void hooked.push(method) });

  assertEquals(await plugin.call("work", []), 1);
  await assertRejects(() => both.reloading, Error, "failed, and the version before answered");

  assertEquals([hooked, fake.topics.filter((topic) => topic === "execution_error")], [["work"], []]);
});

Deno.test("Plugin.reload() with shadow compares what is no table as it is, whatever its method is called", async () => {
  await using both = await compared({ calls: 1 }, { extractFeatures: () => 1 }, { extractFeatures: () => 2 });

  await both.fake.plugin.call("extractFeatures", []);

  await assertRejects(() => both.reloading, Error, "answered something else: 2, expected 1");
});
