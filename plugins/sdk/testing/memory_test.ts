import * as tf from "../../../core/deps/tfjs.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "../../../core/deps/assert.ts";
import { startBackend } from "../../../core/tensor/backend.ts";
import { EventBus } from "../../../core/bus/event_bus.ts";
import { memoryImage } from "../../../tests/fixtures/memory_image.ts";
import { memoryOf, tensorMemory } from "./memory.ts";
import { testManager } from "./test_manager.ts";

/** Holds so many MiB more with each call. */
const HOARDER = `
  #held: unknown[] = [];
  buffers(mb: number): void { this.#held.push(new Uint8Array(mb * 2 ** 20).fill(1)); }
  objects(mb: number): void {
    const list: number[] = [];
    for (let index = 0; index < mb * 2 ** 17; index++) list.push(index + 0.5); // doubles, 8 bytes each
    this.#held.push(list);
  }
`;

for (const tier of ["worker", "process"] as const) {
  Deno.test(`memoryOf() sees what a plugin in a ${tier} holds, objects apart from buffers`, async () => {
    using bus = new EventBus();
    await using manager = testManager(bus, { tier });
    const plugin = await manager.start(await memoryImage(HOARDER));

    const before = await memoryOf(plugin);
    await plugin.call("buffers", [32]);
    const withBuffers = await memoryOf(plugin);
    await plugin.call("objects", [32]);
    const withObjects = await memoryOf(plugin);

    assert(
      before.memoryMb > 2 && before.memoryMb < 100,
      `it holds ${before.memoryMb} MiB without having done anything`,
    );
    // A collection may come in between, and a list grows by more than it needs.
    const near = (grownMb: number, mb: number): boolean => grownMb > 0.8 * mb && grownMb < 3 * mb;
    assert(
      near(withBuffers.memoryMb - before.memoryMb, 32),
      `${before.memoryMb}, then ${withBuffers.memoryMb}`,
    );
    assert(withBuffers.heapMb - before.heapMb < 16, "buffers are counted as objects");
    assert(
      near(withObjects.heapMb - withBuffers.heapMb, 32),
      `${withBuffers.heapMb}, then ${withObjects.heapMb}`,
    );
  });
}

Deno.test("memoryOf() rejects for a plugin that does not run any more", async () => {
  using bus = new EventBus();
  await using manager = testManager(bus);
  const plugin = await manager.start(await memoryImage(HOARDER));
  await plugin.unload();

  await assertRejects(
    () => memoryOf(plugin, 50),
    Error,
    "sample did not say within 50 ms how much memory it holds",
  );
});

for (const name of ["wasm", "cpu"] as const) {
  Deno.test(`tensorMemory() on ${name} counts the most that is alive at once, and what stays`, async () => {
    using _backend = await startBackend(name);
    const x = tf.ones([512, 512]); // 1 MiB
    let kept: tf.Tensor | undefined;

    const memory = await tensorMemory(async () => {
      const two = tf.add(x, 1); // 1
      await Promise.resolve();
      const three = tf.mul(two, two); // 2
      two.dispose(); // 1
      kept = tf.concat([three, three]); // 3
      three.dispose(); // 2
    });

    assertAlmostEquals(memory.peakMb, 3, 1e-3);
    assertAlmostEquals(memory.keptMb, 2, 1e-3);
    tf.dispose([x, kept!]);
  });
}

Deno.test("tensorMemory() of no operation is nothing, and an error of the work passes through", async () => {
  await tf.setBackend("cpu");

  assertEquals(await tensorMemory(() => {}), { peakMb: 0, keptMb: 0 });
  await assertRejects(
    () => tensorMemory(() => Promise.reject(new Error("no tensors today"))),
    Error,
    "no tensors",
  );
  assertEquals(await tensorMemory(() => tf.dispose(tf.ones([2]))), { peakMb: 8 / 2 ** 20, keptMb: 0 });
});
