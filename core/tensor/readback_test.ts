import { assert, assertEquals, assertRejects } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { countReads } from "../../tests/fixtures/counted_reads.ts";
import { openThings } from "../wall/ledger.ts";
import { type Backend, startBackend } from "./backend.ts";
import { useBlockingReads } from "./readback.ts";
import { squaredNorm } from "./adamw.ts";
import { download, downloadAll, together } from "./transfer.ts";

Deno.test("useBlockingReads() gives the numbers of every tensor, whatever was read before", async () => {
  using backend = await webgpu();
  if (!backend) return;
  await useBlockingReads(tf.backend());

  // Sizes that share a buffer, grow and shrink, and one that is read as before.
  for (const size of [1, 64, 3, 65, 70_001, 64, 5_000_000, 127, 128]) {
    for (const factor of [1, -2, 3.5]) {
      const tensor = tf.tidy(() => tf.mul(tf.range(0, size, 1, "float32"), factor));
      const read = await tensor.data();
      assert(read.every((value, index) => value === Math.fround(index * factor)), `${size} times ${factor}`);
      tensor.dispose();
    }
  }
  backend.check();
});

Deno.test("useBlockingReads() reads several tensors at once", async () => {
  using backend = await webgpu();
  if (!backend) return;
  await useBlockingReads(tf.backend());

  const tensors = [1, 2, 3, 4, 5].map((value) => tf.tidy(() => tf.mul(tf.ones([50]), value)));
  const reads = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose(tensors);

  assertEquals(reads.map((read) => [...new Set(read)]), [[1], [2], [3], [4], [5]]);
  backend.check();
});

Deno.test("useBlockingReads() leaves tfjs' way where the numbers would be wrong", async () => {
  using backend = await webgpu();
  if (!backend) return;
  const { prototype } = GPUBuffer;
  const { mapAsync } = prototype;
  // As an engine would that maps later than it is asked to: every second mapping is of nothing.
  let calls = 0;
  prototype.mapAsync = function (...call): Promise<undefined> {
    return calls++ % 2 === 0 ? mapAsync.apply(this, call) : Promise.resolve(undefined);
  };
  let isUsed: boolean;
  try {
    isUsed = await useBlockingReads(tf.backend());
  } finally {
    prototype.mapAsync = mapAsync;
  }

  assertEquals(isUsed, false);
  const tensor = tf.tidy(() => tf.mul(tf.ones([2]), 7));
  assertEquals([...(await download(tensor)).data], [7, 7]);
  tensor.dispose();
});

Deno.test("download() on a GPU leaves no tensor behind, and no read once Deno has slept", async () => {
  using backend = await webgpu();
  if (!backend) return;
  const before = tf.memory().numTensors;
  for (let read = 0; read < 5; read++) {
    const tensor = tf.tidy(() => tf.mul(tf.ones([4]), read));
    assertEquals([...(await download(tensor)).data], [read, read, read, read]);
    tensor.dispose();
  }
  assertEquals(tf.memory().numTensors, before);

  while (openThings().reads > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

Deno.test("downloadAll() gives the numbers of tensors of all sizes in their order, whatever was read before", async () => {
  using backend = await webgpu();
  if (!backend) return;
  // Sizes that share a buffer, and some that are more than 16 MiB together or alone.
  for (
    const sizes of [[3], [1, 64, 3, 65], [64, 3], [70_001, 1, 2], [3_000_000, 2_000_000, 5], [5_000_000, 7]]
  ) {
    for (const factor of [1, -2]) {
      const tensors = sizes.map((size) => tf.tidy(() => tf.mul(tf.range(0, size, 1, "float32"), factor)));
      const read = await downloadAll(tensors);

      assertEquals(read.map(({ shape }) => shape), sizes.map((size) => [size]));
      for (const { data } of read) {
        assert(
          data.every((value, index) => value === Math.fround(index * factor)),
          `${sizes} times ${factor}`,
        );
      }
      tf.dispose(tensors);
    }
  }
  backend.check();
});

Deno.test("together() maps one buffer for several reads", async () => {
  using backend = await webgpu();
  if (!backend) return;
  const [one, two, three] = [1, 2, 3].map((value) => tf.tidy(() => tf.mul(tf.ones([40]), value))) as Three;
  const read = async (): Promise<number[]> => {
    const [{ data }, values, norm] = await together(() => [
      download(one),
      two.data(),
      squaredNorm([three, one]),
    ]);
    return [data[39]!, values[0]!, values.length, norm];
  };
  await read(); // makes the buffer that is mapped

  let answer: number[] = [];
  const { maps } = await countReads(async () => void (answer = await read()));

  assertEquals(answer, [1, 2, 40, 400]);
  assertEquals(maps, 1);
  tf.dispose([one, two, three]);
  backend.check();
});

Deno.test("together() within another one, or with nothing to read, answers all the same", async () => {
  for (const name of BACKENDS) {
    using backend = await startBackend(name);
    const tensor = tf.tidy(() => tf.mul(tf.ones([2]), 3));

    const [inner, outer] = await together(() => [together(() => [download(tensor)]), download(tensor)]);

    assertEquals([...inner[0].data, ...outer.data], [3, 3, 3, 3]);
    assertEquals(await together(() => []), []);
    assertEquals(await downloadAll([]), []);
    await assertRejects(
      () => together(() => [download(tensor), Promise.reject(new Error("no"))]),
      Error,
      "no",
    );
    assertEquals([...(await download(tensor)).data], [3, 3]);
    tensor.dispose();
    backend.check();
  }
});

type Three = [tf.Tensor, tf.Tensor, tf.Tensor];

/** The GPU, software or not; none where there is no adapter. */
function webgpu(): Promise<Backend | undefined> {
  return BACKENDS.includes("webgpu") ? startBackend("webgpu") : Promise.resolve(undefined);
}
