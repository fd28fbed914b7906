/**
 * Events while a plugin is reloaded: each is heard by one version, in order, and what either says is heard.
 *
 * @module
 */
import { assertEquals, assertRejects } from "../deps/assert.ts";
import {
  activePlugin,
  delivered,
  type FakeMethod,
  type FakePlugin,
  type FakeVersion,
  type FakeWorker,
  until,
} from "../../tests/fixtures/fake_plugin.ts";
import type { ServedCall } from "../wall/options.ts";
import type { WireValue } from "../wall/values.ts";
import { PhaseClock } from "./phase_clock.ts";

const MANIFEST = "entry_points: { plugin: main:Main }\n" +
  "events: { listens: ['news.*'], emits: [sample.said] }\n";

/** In which phase a plugin subscribes, and to how many past events. */
interface Subscribing {
  readonly when?: "$load" | "$initialize" | "$activate";
  readonly history?: number;
}

/** A plugin that listens to news, and does what `methods` say. */
function listening(
  heard: WireValue[],
  methods: FakeVersion["methods"] = {},
  { when = "$initialize", history = 0 }: Subscribing = {},
): FakeVersion {
  return {
    manifest: MANIFEST,
    onEvents: (events) => void heard.push(...events.map(({ payload }) => payload)),
    methods: {
      ...methods,
      [when]: async (_call: ServedCall, worker: FakeWorker) => {
        await worker.channel.call("events.subscribe", ["news.*", history]);
        return when === "$load" ? { methods: [], configuration: "null" } : undefined;
      },
    },
  };
}

/** Says so on the bus. */
function saying(payload: WireValue): FakeMethod {
  return (_call, worker) => {
    void worker.channel.emit({ topic: "sample.said", payload });
    return undefined;
  };
}

/** What each version heard, with a number published in each phase of a reload, and two after it. */
interface Heard {
  readonly fake: FakePlugin;
  readonly old: WireValue[];
  readonly fresh: WireValue[];
}

/** Publishes 1 before the reload, then one number in each phase, and 100 after it. */
async function heardWhile(
  { fails = false, ...subscribing }: Subscribing & { readonly fails?: boolean } = {},
): Promise<Heard> {
  const heard: Pick<Heard, "old" | "fresh"> = { old: [], fresh: [] };
  const news = (number: number) => (): undefined => void fake.bus.publish("host", "news.a", number);
  const fake: FakePlugin = await activePlugin(
    listening(heard.old, {
      $capture: () => {
        news(4)();
        return { version: 1 };
      },
    }),
  );
  news(1)();
  using _hooks = fake.hooks.add({
    preInitialization: news(2),
    postInitialization: news(3),
    preActivation: news(6),
    postActivation: news(7),
  });
  const version = await fake.version(
    listening(heard.fresh, {
      $restore: () => {
        news(5)();
        return [];
      },
    }, subscribing),
  );
  using _failing = fake.hooks.add({
    postActivation: () => fails ? Promise.reject(new Error("no soup")) : Promise.resolve(),
  });
  const reloading = fake.plugin.reload(version);
  if (fails) await assertRejects(() => reloading, Error, "no soup");
  else await (await reloading).retired;
  news(100)();
  await delivered();
  return { fake, ...heard };
}

Deno.test("Plugin.reload() lets the old version hear what comes before calls wait, and the new one the rest", async () => {
  const { fake, old, fresh } = await heardWhile();
  await using _fake = fake;

  assertEquals([old, fresh], [[1, 2, 3], [4, 5, 6, 7, 100]]);
});

Deno.test("Plugin.reload() that fails lets the old version hear all, in order", async () => {
  const { fake, old, fresh } = await heardWhile({ fails: true });
  await using _fake = fake;

  assertEquals([old, fresh], [[1, 2, 3, 4, 5, 6, 100], []]); // it failed before 7
});

Deno.test("Plugin.reload() loses no event, wherever the new version subscribes", async (t) => {
  for (const when of ["$load", "$initialize", "$activate"] as const) {
    await t.step(when, async () => {
      const { fake, old, fresh } = await heardWhile({ when });
      await using _fake = fake;

      assertEquals([old, fresh], [[1, 2, 3], [4, 5, 6, 7, 100]]);
    });
  }
});

Deno.test("Plugin.reload() tells the new version of the past, too, and of nothing twice", async (t) => {
  await t.step("subscribed before calls wait", async () => {
    const { fake, old, fresh } = await heardWhile({ history: 2 });
    await using _fake = fake;
    assertEquals([old, fresh], [[1, 2, 3], [1, 2, 4, 5, 6, 7, 100]]);
  });
  await t.step("subscribed when events wait already", async () => {
    const { fake, old, fresh } = await heardWhile({ history: 2, when: "$activate" });
    await using _fake = fake;
    // The last two of the past are two that waited.
    assertEquals([old, fresh.toSorted((a, b) => Number(a) - Number(b))], [[1, 2, 3], [4, 5, 6, 7, 100]]);
  });
});

Deno.test("Plugin.reload() makes whoever emits wait until it is decided who hears it", async () => {
  const heard: WireValue[] = [];
  const gate = Promise.withResolvers<readonly WireValue[]>();
  await using fake = await activePlugin(listening(heard));
  const fresh: WireValue[] = [];
  const clock = new PhaseClock();
  const version = await fake.version(listening(fresh, { $restore: () => gate.promise }));
  const reloading = fake.plugin.reload(version, {}, clock);
  await until(() => clock.current === "restore");

  let isHeard = false;
  const emitting = fake.bus.publish("host", "news.a", 1)?.then(() => isHeard = true);
  await delivered();
  assertEquals([isHeard, heard, fresh], [false, [], []]);
  gate.resolve([]);
  await reloading;
  await emitting;
  await delivered();

  assertEquals([isHeard, heard, fresh], [true, [], [1]]);
});

Deno.test("Plugin.reload() lets both versions be heard, to the last word of the old one", async () => {
  const said: unknown[] = [];
  const phases = ["$initialize", "$activate", "$deactivate", "$unload"];
  const talking = (name: string): FakeVersion => ({
    manifest: MANIFEST,
    methods: Object.fromEntries(phases.map((phase) => [phase, saying(`${name} ${phase}`)])),
  });
  await using fake = await activePlugin(talking("old"));
  fake.bus.on("sample.said" as "log.info", (text) => void said.push(text));

  const { retired } = await fake.plugin.reload(await fake.version(talking("new")));
  await retired;

  assertEquals(said, ["new $initialize", "new $activate", "old $deactivate", "old $unload"]);
});

Deno.test("Plugin.reload() publishes what the old version said before it asks for its state, and before it ends it", async () => {
  const course: unknown[] = [];
  /** More than is published in one turn. */
  const talking = (name: string): FakeMethod => (call, worker) => {
    for (let number = 1; number <= 40; number++) saying(`${name} ${number}`)(call, worker);
    return undefined;
  };
  const $capture = (): WireValue => {
    course.push("captured");
    return { version: 1 };
  };
  await using fake = await activePlugin({
    manifest: MANIFEST,
    methods: { work: talking("work"), $capture, $unload: talking("last") },
  });
  fake.bus.on("sample.said" as "log.info", (text) => {
    course.push(text);
    for (const end = performance.now() + 1; performance.now() < end;); // a listener that takes its time
  });
  const open = fake.plugin.call("work", []);

  const { retired } = await fake.plugin.reload(await fake.version({ manifest: MANIFEST }));
  await Promise.all([open, retired]);

  const numbers = Array.from({ length: 40 }, (_, index) => index + 1);
  assertEquals(course, [
    ...numbers.map((number) => `work ${number}`),
    "captured",
    ...numbers.map((number) => `last ${number}`),
  ]);
});

Deno.test("Plugin.reload() lets the new version hear what waited before it is asked what waited", async () => {
  const course: WireValue[] = [];
  const gate = Promise.withResolvers<readonly WireValue[]>();
  await using fake = await activePlugin(listening([]));
  const work: FakeMethod = ({ args }) => void course.push(args[0]) as undefined;
  const version = await fake.version(listening(course, { $restore: () => gate.promise, work }));
  const reloading = fake.plugin.reload(version);
  await until(() => fake.worker.calls.includes("$restore"));

  const call = fake.plugin.call("work", ["asked"]);
  const told = fake.bus.publish("host", "news.a", "told");
  gate.resolve([]);
  await Promise.all([reloading, call, told]);

  assertEquals(course, ["told", "asked"]);
});

Deno.test("Plugin.reload() lets nobody wait for an old version that takes its time to end", async () => {
  const [old, fresh]: [WireValue[], WireValue[]] = [[], []];
  const gate = Promise.withResolvers<undefined>();
  await using fake = await activePlugin(listening(old, { $deactivate: () => gate.promise }));
  const { retired } = await fake.plugin.reload(await fake.version(listening(fresh)));
  await until(() => fake.workers[0]!.calls.includes("$deactivate"));

  let isHeard = false;
  const emitting = fake.bus.publish("host", "news.a", 1)?.then(() => isHeard = true);
  await delivered();
  assertEquals([isHeard, old, fresh, fake.workers[0]!.disposals], [true, [], [1], 0]);
  gate.resolve(undefined);
  await Promise.all([emitting, retired]);

  assertEquals(fake.workers[0]!.disposals, 1);
});
