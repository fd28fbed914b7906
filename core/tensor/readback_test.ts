import { assert, assertEquals } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { openThings } from "../wall/ledger.ts";
import { type Backend, startBackend } from "./backend.ts";
import { useBlockingReads } from "./readback.ts";
import { download } from "./transfer.ts";

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

/** The GPU, software or not; none where there is no adapter. */
function webgpu(): Promise<Backend | undefined> {
  return BACKENDS.includes("webgpu") ? startBackend("webgpu") : Promise.resolve(undefined);
}
