/**
 * A head's server goes on where another one was: two of them in this realm, one of which takes over from the
 * other, against a third that nobody disturbs.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "../core/deps/assert.ts";
import * as tf from "../core/deps/tfjs.ts";
import type { Task } from "../core/manifest/task.ts";
import { startBackend } from "../core/tensor/backend.ts";
import { Random } from "../core/tensor/random.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import type { WireValue } from "../core/wall/values.ts";
import { EventBus } from "../plugins/sdk/event_bus.ts";
import { HeadPort, type HiddenStates } from "../plugins/sdk/head.ts";
import { BACKENDS } from "../tests/fixtures/backends.ts";
import { countReads } from "../tests/fixtures/counted_reads.ts";
import type { HeadMemory } from "./head_memory.ts";
import { serveHead } from "./head_server.ts";
import type { PortMemory, ServedPlugin } from "./port_server.ts";

const HIDDEN = 4;
const BATCH = 3;

/** Where a version of the test's head differs from others. */
interface HeadVersion {
  readonly seed?: number;
  readonly labels?: number;
  /** Of the layer below the classifier. */
  readonly width?: number;
  readonly reads?: HiddenStates;
  readonly task?: Task;
}

/** A head of two layers with dropout, served as in a worker. Disposing of it frees its tensors. */
class Served implements Disposable {
  readonly #served: ServedPlugin;
  readonly #head: HeadPort;

  constructor({ seed = 1, labels = 2, width = 5, reads = "cls", task = "classification" }: HeadVersion = {}) {
    class TestHead extends HeadPort {
      readonly #body = this.layers.linear("body", HIDDEN, width);
      readonly #dropout = this.layers.dropout(0.2);
      readonly #classifier = this.layers.linear("classifier", width, labels);

      override get reads(): HiddenStates {
        return reads;
      }

      override get task(): Task {
        return task;
      }

      override forward(hiddenStates: tf.Tensor): tf.Tensor {
        return this.#classifier.apply(this.#dropout.apply(tf.tanh(this.#body.apply(hiddenStates))));
      }
    }
    const config = { name: "sample", hidden_size: HIDDEN, num_labels: labels };
    this.#served = serveHead.serve({ pluginClass: TestHead, config, seed, eventBus: new EventBus() });
    this.#head = this.#served.plugin as HeadPort;
  }

  get memory(): PortMemory {
    return this.#served.memory!;
  }

  async call(method: string, ...args: WireValue[]): Promise<WireValue> {
    const { signal } = new AbortController();
    return await this.#served.methods.get(method)!({ method, args, stream: false, signal }) as WireValue;
  }

  /** A micro-batch of a step; what it is made of follows from its number. */
  step(number: number, weight = 0.5, method = "step"): Promise<WireValue> {
    const random = Random.at(7, number);
    const data = Float32Array.from({ length: BATCH * HIDDEN }, () => random.normal());
    const hidden: HostTensor = { dtype: "float32", shape: [BATCH, HIDDEN], data };
    const labels = Int32Array.from({ length: BATCH }, () => random.below(2));
    return this.call(method, hidden, { dtype: "int32", shape: [BATCH], data: labels }, {
      ...{ step: number, weight },
    });
  }

  quietStep(number: number, weight?: number): Promise<WireValue> {
    return this.step(number, weight, "quietStep");
  }

  apply(): Promise<WireValue> {
    return this.call("apply", { learningRate: 0.01, weightDecay: 0.1, scale: 0.7 });
  }

  /** As it crosses the wall: a copy. */
  async captured(): Promise<HeadMemory> {
    return structuredClone(await this.memory.capture()) as unknown as HeadMemory;
  }

  async takeOver(memory: HeadMemory): Promise<void> {
    await this.memory.restore(memory as unknown as WireValue);
  }

  [Symbol.dispose](): void {
    this.#head.layers.dispose();
  }
}

/** Frees what a head's worker would take with it: gradients are kept until they are forgotten. */
async function withTensors(run: () => Promise<void>): Promise<void> {
  using _backend = await startBackend("wasm");
  const before = tf.memory().numTensors;
  tf.engine().startScope();
  try {
    await run();
  } finally {
    tf.engine().endScope();
  }
  assertEquals(tf.memory().numTensors, before);
}

/** Two steps of two micro-batches each. */
async function train(head: Served): Promise<void> {
  for (const number of [1, 2, 3, 4]) {
    await head.step(number);
    if (number % 2 === 0) await head.apply();
  }
}

Deno.test("serveHead goes on bit for bit from another version, in the middle of a step too", async (t) => {
  const cases: [what: string, before: (head: Served) => Promise<unknown>][] = [
    ["before the first step", () => Promise.resolve()],
    ["in the middle of the first step", (head) => head.step(11)],
    ["after a step", train],
    ["in the middle of a step of several micro-batches", async (head) => {
      await train(head);
      await head.step(11);
      await head.step(12);
    }],
    ["in the middle of a quiet step, after others", async (head) => {
      await trainQuietly(head);
      await head.quietStep(11);
    }],
  ];
  for (const [what, before] of cases) {
    await t.step(what, () =>
      withTensors(async () => {
        using undisturbed = new Served();
        using old = new Served();
        using fresh = new Served({ seed: 2 });
        await before(undisturbed);
        await before(old);
        assertNotEquals((await fresh.captured()).parameters, (await old.captured()).parameters);

        const memory = await old.captured();
        assertEquals(fresh.memory.losses(memory as unknown as WireValue), []);
        await fresh.takeOver(memory);

        assertEquals(await fresh.captured(), await undisturbed.captured());
        const goOn = async (head: Served): Promise<WireValue[]> => {
          const answers = [await head.step(21), await head.apply(), await head.step(22), await head.apply()];
          await head.step(23);
          return [...answers, await head.call("state"), await head.call("forget")];
        };
        // Dropout follows from the seed of the use, which a reload leaves as it is; here it is another one.
        using same = new Served();
        await same.takeOver(memory);
        assertEquals(await goOn(same), await goOn(undisturbed));
        for (const head of [old, fresh]) await head.call("forget", { losses: true });
      }));
  }
});

Deno.test("serveHead captures a head without changing it", () =>
  withTensors(async () => {
    using captured = new Served();
    using undisturbed = new Served();
    for (const head of [captured, undisturbed]) {
      await train(head);
      await head.step(11);
    }
    const tensors = tf.memory().numTensors;

    for (let time = 0; time < 3; time++) await captured.captured();

    assertEquals(tf.memory().numTensors, tensors);
    assertEquals(await captured.step(12), await undisturbed.step(12));
    assertEquals(await captured.captured(), await undisturbed.captured());
    for (const head of [captured, undisturbed]) await head.call("forget");
  }));

Deno.test("serveHead keeps what fits of a version with other shapes, and the rest as it began", () =>
  withTensors(async () => {
    using old = new Served();
    await train(old);
    await old.step(11);
    using fresh = new Served({ seed: 2, labels: 3 });
    const [memory, began] = [await old.captured(), await fresh.captured()];

    assertEquals(fresh.memory.losses(memory as unknown as WireValue), [
      "the weights of classifier.weight, whose shape is [3,5]: it had [2,5]",
      "the weights of classifier.bias, whose shape is [3]: it had [2]",
    ]);
    assertEquals(await fresh.captured(), began);
    await fresh.takeOver(memory);

    const now = await fresh.captured();
    for (const name of ["body.weight", "body.bias"]) {
      assertEquals(now.parameters[name], memory.parameters[name]);
      assertEquals(now.gradients[name], memory.gradients[name]);
      for (const moment of ["first", "second"]) {
        assertEquals(now.moments[`${name}.${moment}`], memory.moments[`${name}.${moment}`]);
      }
    }
    for (const name of ["classifier.weight", "classifier.bias"]) {
      assertEquals(now.parameters[name], began.parameters[name]);
      assertEquals(now.gradients[name], undefined);
      for (const moment of ["first", "second"]) {
        assert(now.moments[`${name}.${moment}`]!.data.every((value) => value === 0));
      }
    }
    assertEquals(now.updates, 2);
    await fresh.step(12);
    await fresh.apply();
    await old.call("forget");
  }));

Deno.test("serveHead takes nothing over for another task, or from a head that reads other states", () =>
  withTensors(async () => {
    using old = new Served();
    await train(old);
    await old.step(11);
    const memory = await old.captured();
    const cases: [HeadVersion, string][] = [
      [{ seed: 2, reads: "mean" }, "it reads mean now, and cls in what is going on"],
      [{ seed: 2, task: "ordinal" }, "it learns ordinal now, and classification in what is going on"],
    ];
    for (const [version, message] of cases) {
      using fresh = new Served(version);
      const before = await fresh.captured();
      const tensors = tf.memory().numTensors;

      const error = await fresh.takeOver(memory).then(() => undefined, (error: Error) => error.message);

      assertEquals(error, message);
      assertEquals(await fresh.captured(), before);
      assertEquals(tf.memory().numTensors, tensors);
    }
    await old.call("forget");
  }));

Deno.test("serveHead takes over again without keeping anything of the first time", () =>
  withTensors(async () => {
    using old = new Served();
    using fresh = new Served();
    await train(old);
    await old.step(11);
    await fresh.takeOver(await old.captured());
    const tensors = tf.memory().numTensors;
    await fresh.takeOver(await old.captured());
    assertEquals(tf.memory().numTensors, tensors);

    await old.apply(); // between two steps, there are no gradients
    await fresh.takeOver(await old.captured());

    assertEquals(await fresh.captured(), await old.captured());
    assertEquals(await fresh.step(12), await old.step(12));
    for (const head of [old, fresh]) await head.call("forget");
  }));

Deno.test("serveHead restores a checkpoint only as a whole, unlike the memory of a version", () =>
  withTensors(async () => {
    using old = new Served();
    using other = new Served({ labels: 3 });
    const checkpoint = await old.call("state");

    const error = await other.call("restore", checkpoint).then(() => undefined, (error: Error) => error);

    assertEquals(error?.message, "The saved classifier.weight has the shape [2,5], expected [3,5]");
  }));

Deno.test("serveHead tells with a step the losses of the quiet ones before it, as far as they were applied", () =>
  withTensors(async () => {
    using telling = new Served();
    using quiet = new Served();
    const losses: number[] = [];
    for (const number of [1, 2, 3, 4, 5]) {
      const { loss } = await telling.step(number, 0.25) as { loss: number };
      const answer = await quiet.quietStep(number, 0.25);
      assertEquals(Object.keys(answer as object).sort(), ["hiddenGradient", "squaredGradientNorm"]);
      if (number === 3) {
        for (const head of [telling, quiet]) await head.call("forget"); // it is given up, and its loss with it
        continue;
      }
      losses.push(loss * 0.25);
      if (number % 2 === 0) { for (const head of [telling, quiet]) await head.apply(); }
    }
    // The last one adds up with what is told in the same step by another micro-batch.
    const [told, expected] = [await quiet.step(6), await telling.step(6)] as Record<string, WireValue>[];

    const { earlier, ...rest } = told!;
    assertEquals(rest, expected);
    const { sum, steps } = earlier as { sum: number; steps: number };
    assertEquals(steps, 2);
    assertAlmostEquals(sum, losses.slice(0, 3).reduce((all, one) => all + one), 1e-6);
    for (const head of [telling, quiet]) await head.call("forget", { losses: true });
  }));

Deno.test("serveHead forgets losses once a step that told them is applied, and keeps them if it is given up", () =>
  withTensors(async () => {
    using head = new Served();
    await trainQuietly(head);
    const earlier = async (): Promise<unknown> => (await head.step(20) as { earlier?: unknown }).earlier;

    const before = await earlier();
    assertEquals((before as { steps: number }).steps, 2);
    await head.call("forget");
    assertEquals(await earlier(), before);
    await head.apply();
    assertEquals(await earlier(), undefined);
    await head.apply();

    await trainQuietly(head);
    await head.call("forget", { losses: true });
    assertEquals(await earlier(), undefined);
    await head.call("forget");
  }));

Deno.test("serveHead goes on from a checkpoint with the losses of quiet steps, and without a step that had failed", () =>
  withTensors(async () => {
    using undisturbed = new Served();
    using resumed = new Served({ seed: 2 });
    await trainQuietly(undisturbed);
    const checkpoint = structuredClone(await undisturbed.call("state"));
    await trainQuietly(resumed);
    await resumed.quietStep(11);

    await resumed.call("restore", checkpoint);

    // Dropout follows from the seed of the use; a memory has everything but that.
    assertEquals(await resumed.captured(), await undisturbed.captured());
    for (const head of [undisturbed, resumed]) await head.call("forget", { losses: true });
  }));

for (const name of BACKENDS) {
  Deno.test(`serveHead reads no figures in a quiet step on ${name}, and waits for a GPU once in each`, async () => {
    using _backend = await startBackend(name);
    tf.engine().startScope();
    using head = new Served();
    for (const number of [1, 2]) { // the first ones make the buffers that are mapped
      await head.quietStep(number);
      await head.apply();
      await head.step(number);
      await head.apply();
    }
    // On wasm, the norm is added up where the host can see it.
    const norm = name === "wasm" ? 0 : 1;

    const counts = [];
    for (const every of [1, 10]) {
      counts.push(
        await countReads(async () => {
          for (let step = 1; step <= 10; step++) {
            await (step % every === 0 ? head.step(step) : head.quietStep(step));
            await head.apply();
          }
        }),
      );
    }

    // Hidden gradient and norm; loss and logits; the sum of the losses before.
    assertEquals(counts.map(({ reads }) => reads), [10 * (3 + norm), 10 * (1 + norm) + 2 + 1]);
    if (name === "webgpu") assertEquals(counts.map(({ maps }) => maps), [10, 10]);
    await head.call("forget", { losses: true });
    tf.engine().endScope();
  });
}

/** Two steps of two micro-batches each, of which nobody hears. */
async function trainQuietly(head: Served): Promise<void> {
  for (const number of [1, 2, 3, 4]) {
    await head.quietStep(number);
    if (number % 2 === 0) await head.apply();
  }
}
