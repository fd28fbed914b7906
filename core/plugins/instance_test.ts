import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import { fakeTime } from "../../core/deps/fake_timers.ts";
import { type FakeBehaviour, FakeWorker, hang, imageOf } from "../../tests/fixtures/fake_plugin.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { type InstanceSetup, PluginInstance } from "./instance.ts";

const MANIFEST = `entry_points:
  plugin: main:Main
events:
  listens: [news.*]
permissions:
  services: [glossary]
`;

const SETUP: InstanceSetup = {
  port: "plugin",
  config: { name: "sample", width: 8 },
  seed: 7,
  timeoutMs: 1_000,
  gpu: false,
};

interface Made extends Disposable {
  readonly instance: PluginInstance;
  readonly worker: FakeWorker;
  readonly ends: string[];
}

async function made(behaviour: FakeBehaviour = {}): Promise<Made> {
  const ends: string[] = [];
  const workers: FakeWorker[] = [];
  const instance = new PluginInstance({
    image: await imageOf(MANIFEST, `import "k-bert/sdk"; export class Main {}`),
    name: "sample#2",
    createSandbox: (options) => {
      const worker = new FakeWorker(options, behaviour);
      workers.push(worker);
      return worker;
    },
    channel: {},
    onEnd: (reason) => ends.push(reason.message),
  });
  return { instance, worker: workers[0]!, ends, [Symbol.dispose]: () => instance[Symbol.dispose]() };
}

Deno.test("PluginInstance.load() sends the image, the config and what the manifest asks for", async () => {
  const requests: WireValue[] = [];
  using made_ = await made({
    methods: {
      $load: ({ args }) => {
        requests.push(args[0]);
        return { methods: [], configuration: "null" };
      },
    },
  });

  await made_.instance.load(SETUP);

  const request = requests[0] as Record<string, unknown>;
  const sources = (request["moduleSources"] as Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes));
  assertEquals({ ...request, moduleSources: sources }, {
    ...{ port: "plugin", entry: "plugin:///main.ts", exportName: "Main", seed: 7, gpu: false },
    ...{ config: SETUP.config, listens: ["news.*"], services: ["glossary"] },
    moduleUrls: ["plugin:///main.ts"],
    moduleSources: [`import "k-bert/sdk"; export class Main {}`],
  });
  assertEquals([made_.worker.options.name, made_.worker.options.kit], ["sample#2", "plain"]);
  assertEquals(made_.instance.tier, "worker");
});

Deno.test("PluginInstance.phase() says which phase failed, in the plugin's words", async () => {
  const done = { $initialize: "initialized", $activate: "activated", $deactivate: "deactivated" } as const;
  for (const [method, word] of Object.entries(done) as [keyof typeof done, string][]) {
    using made_ = await made({ methods: { [method]: () => Promise.reject(new TypeError("no disk")) } });

    const error = await assertRejects(() => made_.instance.phase(method, 1_000), KBertError);

    assertEquals(error.message, `The plugin sample#2 cannot be ${word}: no disk`);
    assertEquals([error.code, error.detail], ["call/failed", { plugin: "sample#2", method }]);
    assertEquals((error.cause as Error).name, "TypeError");
  }
});

Deno.test("PluginInstance ends its place and its calls once, by whomever, and says why", async (t) => {
  const endings: Record<string, [end: (made: Made) => void, reason: string]> = {
    "its owner": [({ instance }) => instance[Symbol.dispose](), "it was stopped"],
    "its place": [({ worker }) => worker.crash("\u001b[31mgone"), "\\u001b[31mgone"],
    "its plugin": [({ worker }) => worker.channel.fail(new Error("unheard")), "nobody caught: unheard"],
  };
  for (const [who, [end, reason]] of Object.entries(endings)) {
    await t.step(who, async () => {
      using made_ = await made({ methods: { slow: hang } });
      const call = assertRejects(() => made_.instance.channel.call("slow", []), KBertError, reason);
      end(made_);
      assertEquals((await call).code, "plugin/closed");
      made_.worker.crash("again");
      made_.instance[Symbol.dispose]();
      assertEquals([made_.ends.length, made_.worker.disposals], [1, 1]);
      assert(made_.ends[0]?.endsWith(reason), made_.ends[0]);
    });
  }
});

Deno.test("PluginInstance.load() waits for what is not ready as long as it may, and for ever if it may", async (t) => {
  await t.step("a second", async () => {
    using clock = fakeTime();
    using made_ = await made({ ready: false });
    const loading = assertRejects(
      () => made_.instance.load(SETUP),
      KBertError,
      "it did not start within 1000 ms",
    );
    await clock.tickAsync(1_000);
    assertEquals([(await loading).code, made_.worker.disposals, clock.countTimers()], [
      "plugin/closed",
      1,
      0,
    ]);
  });
  await t.step("for ever", async () => {
    using clock = fakeTime();
    using made_ = await made({ ready: false });
    const loading = made_.instance.load({ ...SETUP, timeoutMs: Infinity });
    await clock.tickAsync(2 ** 31);
    made_.worker.channel.ready();
    assertEquals((await loading).methods.size, 0);
  });
});
