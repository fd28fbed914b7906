import * as tf from "../../../core/deps/tfjs.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../../../core/deps/assert.ts";
import { z } from "../../../core/deps/zod.ts";
import { serviceMethod } from "../../../core/plugins/services.ts";
import { Random } from "../../../core/tensor/random.ts";
import { imageOf } from "../../../tests/fixtures/image_of.ts";
import { memoryImage } from "../../../tests/fixtures/memory_image.ts";
import { type EventBus, inject, Logger, MetricsCollector } from "../mod.ts";
import { EventBus as SdkBus } from "../event_bus.ts";
import { pluginTest } from "./mod.ts";

class DependentPlugin {
  constructor(
    readonly eventBus: EventBus = inject(SdkBus),
    readonly logger = inject(Logger),
    readonly metrics = inject(MetricsCollector),
  ) {}
}

pluginTest(
  "test.container resolves a class with a bus, a logger and metrics that are recorded",
  async (test) => {
    test.container.register(DependentPlugin, { class: DependentPlugin });

    const plugin = await test.container.resolve(DependentPlugin);
    plugin.logger.info("Made", { by: "a container" });
    plugin.metrics.count("plugins");

    assertStrictEquals(plugin.eventBus, test.eventBus);
    test.assertEventEmitted("log.info", { message: "Made", fields: { by: "a container" } });
    test.assertEventEmitted("metrics.recorded", { name: "plugins", value: 1 });
    test.assertEventNotEmitted("log.warning");
  },
);

pluginTest(
  "test.withPlugin() answers what was done with the plugin, and has unloaded it then",
  async (test) => {
    const image = await memoryImage("twice(number: number): number { return 2 * number; }");

    const answer = await test.withPlugin(image, { as: "doubler", seed: 1 }, async (plugin, manager) => {
      assertEquals([plugin.state, manager.plugins.length], ["active", 1]);
      return await plugin.call("twice", [21]);
    });

    assertEquals(answer, 42);
    assertEquals(test.eventsOf("plugin.*").map(({ topic }) => topic), [
      "plugin.initialized",
      "plugin.activated",
      "plugin.deactivated",
      "plugin.unloaded",
    ]);
    test.assertEventEmitted("plugin.unloaded", { plugin_name: "doubler" });
  },
);

pluginTest(
  "test.withPlugin() offers services, and ends the plugin also when the test fails in it",
  async (test) => {
    const image = await imageOf(
      "permissions: { services: [shop] }",
      `import { inject, PluginPort, service } from "k-bert/sdk";
    export class Main extends PluginPort {
      #shop = inject(service<{ price(name: string): number }>("shop"));
      price(name: string): Promise<number> { return this.#shop.price(name); }
    }`,
    );
    const shop = { price: serviceMethod(z.tuple([z.string()]), (name) => name.length) };

    const work = test.withPlugin(image, { services: { shop } }, async (plugin) => {
      assertEquals(await plugin.call("price", ["spoon"]), 5);
      throw new Error("the test fails");
    });

    await assertRejects(() => work, Error, "the test fails");
    test.assertEventEmitted("plugin.unloaded");
  },
);

pluginTest("test.manager() makes managers of their own, whose events are in one list", async (test) => {
  const image = await memoryImage("hello(): void { this.logger.info('Hello'); }");
  const managers = [test.manager(), test.manager()];

  for (const manager of managers) await (await manager.start(image)).call("hello", []);

  assert(managers[0]!.bus !== managers[1]!.bus);
  assertEquals(test.eventsOf("log.info").map(({ source }) => source), ["sample", "sample"]);
});

pluginTest("test.clock() stops timers, dates and performance.now() until the test is over", async (test) => {
  const real = [setTimeout, Date, performance.now];
  const clock = test.clock(1_000);
  let rang = 0;
  setInterval(() => rang++, 60_000); // an open timer of the fake clock is nobody's

  await clock.tickAsync(180_000);

  assertEquals([rang, Date.now(), new Date().getTime()], [3, 181_000, 181_000]);
  assert(setTimeout !== real[0] && Date !== real[1] && performance.now !== real[2]);
});

pluginTest("test.random and test.randomTensor() follow from the seed", { seed: 5 }, async (test) => {
  assertThrows(() => test.randomTensor([2]), RangeError, "A test has tensors after `await test.tensors()`");
  const expected = new Random(5);
  const values = [expected.normal(), expected.normal()].map((value) => Math.fround(3 * value));

  await test.tensors("cpu");
  const tensor = test.randomTensor([2, 1], 3);

  assertEquals([tensor.shape, tensor.dtype, [...await tensor.data()]], [[2, 1], "float32", values]);
  assertEquals(test.random.uint32(), expected.uint32());
});

pluginTest("test.tensors() starts one backend, and frees what is made on the way", async (test) => {
  const backend = await test.tensors("cpu");

  assertEquals([backend.name, tf.getBackend()], ["cpu", "cpu"]);
  assertStrictEquals(await test.tensors(), backend);
  await assertRejects(() => test.tensors("wasm"), RangeError, "computes on cpu and cannot change to wasm");
  for (let turn = 0; turn < 3; turn++) tf.square(tf.ones([3])); // freed by the test's case, or it would fail
});

interface ShopEvents {
  readonly "shop.sold": { readonly name: string; readonly price: number };
}

pluginTest<ShopEvents>(
  "test.assertEventEmitted() knows the topics and payloads of a plugin's own",
  async (test) => {
    await test.eventBus.emit("shop.sold", { name: "spoon", price: 2 });

    const { payload } = test.assertEventEmitted("shop.sold", { price: 2 });
    assertEquals(payload.name.toUpperCase(), "SPOON");
    test.assertEventEmitted("shop.sold", ({ price }) => price.toFixed(1) === "2.0");
    assertEquals(test.eventsOf("shop.*")[0]?.payload.price, 2);
    // @ts-expect-error -- no such topic
    test.assertEventNotEmitted("shop.bought");
    // @ts-expect-error -- a price is a number
    test.assertEventNotEmitted("shop.sold", { price: "2" });
  },
);
