import { BACKENDS } from "../../../../tests/fixtures/backends.ts";
import { deviceTest } from "../../../../tests/fixtures/webgpu_kernels.ts";
import { assert, assertEquals, assertThrows } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { KBertError } from "../../../wall/errors.ts";
import { startBackend } from "../../backend.ts";
import { gelu } from "../../operations.ts";
import { gpu } from "./gpu.ts";
import { useWebGpuKernels } from "./kernels.ts";
import { defineProgram } from "./program.ts";

const THREAD = `@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) { let i = flatGroup(group, groups) * 64 + lane;`;

/** Two outputs, a number of each type, and a constant. */
const sumAndProduct = defineProgram({
  name: "sum and product",
  reads: { x: "f32", y: "f32" },
  writes: { sum: "f32", product: "f32" },
  uniforms: { size: "u32", factor: "f32" },
  code: `override OFFSET: f32 = 0;
${THREAD}
  if (i >= uniforms.size) { return; }
  sum[i] = x[i] + y[i] + OFFSET;
  product[i] = x[i] * y[i] * uniforms.factor;
}`,
});

const increment = defineProgram({
  name: "increment",
  reads: {},
  writes: { x: "f32" },
  uniforms: { by: "f32" },
  code: `${THREAD} if (i < arrayLength(&x)) { x[i] += uniforms.by; } }`,
});

deviceTest(
  "Gpu.run() writes several outputs, with uniforms and constants of their own per dispatch",
  async () => {
    const [x, y] = [tf.tensor([1, 2, 3]), tf.tensor([4, 5, 6])];
    const results: tf.Tensor[] = [];
    for (const [factor, constants] of [[1, undefined], [2, { OFFSET: 10 }], [3, { OFFSET: 20 }]] as const) {
      const [sum, product] = [gpu().allocate([3]), gpu().allocate([3])];
      gpu().run(sumAndProduct, {
        buffers: { x, y, sum, product },
        uniforms: { size: 3, factor },
        workgroups: 1,
        ...constants && { constants },
      });
      results.push(sum, product);
    }

    const values = await Promise.all(results.map(async (result) => [...await result.data()]));
    assertEquals(values, [[5, 7, 9], [4, 10, 18], [15, 17, 19], [8, 20, 36], [25, 27, 29], [12, 30, 54]]);
    tf.dispose([x, y, ...results]);
  },
);

deviceTest(
  "Gpu.run() keeps its order with tfjs' own programs, and both submit by the same count",
  async () => {
    const x = tf.zeros([2]);
    const before = { ...gpu().dispatches };
    let y = tf.clone(x);
    for (let turn = 0; turn < 40; turn++) { // more than two batches
      const sum = tf.tidy(() => tf.add(y, 1));
      y.dispose();
      y = sum;
      gpu().run(increment, { buffers: { x: y }, uniforms: { by: turn }, workgroups: 1 });
    }

    assertEquals([...await y.data()], [820, 820]); // 40 ones and 0 + 1 + ... + 39
    assertEquals(gpu().dispatches.own - before.own, 40);
    assertEquals(gpu().dispatches.tfjs - before.tfjs, 40);
    tf.dispose([x, y]);
  },
);

deviceTest("Gpu.run() submits by itself when the uniforms of a batch are full", async () => {
  const batch = tf.env().get("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE");
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 1e6);
  try {
    const x = tf.zeros([1]);
    for (let turn = 0; turn < 5_000; turn++) {
      gpu().run(increment, { buffers: { x }, uniforms: { by: 1 + turn % 2 }, workgroups: 1 });
    }

    assertEquals([...await x.data()], [7_500]);
    x.dispose();
  } finally {
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", batch as number);
  }
});

deviceTest("Gpu.run() lays out more workgroups than an axis takes", async () => {
  const size = 64 * 70_001;
  const x = tf.zeros([size]);

  gpu().run(increment, { buffers: { x }, uniforms: { by: 1 }, workgroups: 70_001 });

  const values = await x.data();
  assert(values.every((value: number) => value === 1));
  x.dispose();
});

deviceTest(
  "data() after a write in place is the new numbers, also of a read that was under way",
  async () => {
    const x = tf.tensor([1, 2]);
    assertEquals([...await x.data()], [1, 2]);

    gpu().run(increment, { buffers: { x }, uniforms: { by: 1 }, workgroups: 1 });
    const reading = x.data();
    gpu().run(increment, { buffers: { x }, uniforms: { by: 1 }, workgroups: 1 });

    assertEquals([...await reading], [2, 3]);
    assertEquals([...await x.data()], [3, 4]);
    x.dispose();
  },
);

deviceTest("memory that a submitted dispatch still needs is not given to the next tensor", async () => {
  const results: tf.Tensor[] = [];
  for (let turn = 0; turn < 20; turn++) {
    const x = tf.fill([100], turn);
    const y = gpu().allocate([100]);
    const product = gpu().allocate([100]);
    const uniforms = { size: 100, factor: 1 };
    gpu().run(sumAndProduct, { buffers: { x, y: x, sum: y, product }, uniforms, workgroups: 2 });
    tf.dispose([x, product]);
    results.push(y);
  }

  const sums = await Promise.all(results.map(async (result) => [...new Set(await result.data())]));
  assertEquals(sums, Array.from({ length: 20 }, (_, turn) => [2 * turn]));
  tf.dispose(results);
});

deviceTest("Gpu.isSole() knows of clones, reshaped tensors and variables", async () => {
  const x = tf.tensor([1, 2]);
  assert(gpu().isSole(x));
  const reshaped = tf.reshape(x, [2, 1]);
  assert(!gpu().isSole(x));
  reshaped.dispose();
  const variable = tf.variable(x);
  assert(!gpu().isSole(variable));
  x.dispose();
  assert(gpu().isSole(variable));
  variable.dispose();
  await Promise.resolve();
});

deviceTest(
  "Gpu.run() refuses tensors without numbers, of other numbers, and too many workgroups",
  async () => {
    const [empty, whole, x] = [gpu().allocate([0]), tf.tensor([1], [1], "int32"), tf.tensor([1])];
    const uniforms = { by: 1 };

    gpu().run(increment, { buffers: { x: empty }, uniforms, workgroups: 0 });
    const noNumbers = assertThrows(
      () => gpu().run(increment, { buffers: { x: empty }, uniforms, workgroups: 1 }),
      KBertError,
    );
    const tooMany = assertThrows(
      () => gpu().run(increment, { buffers: { x }, uniforms, workgroups: [1, 1 << 20, 1] }),
      KBertError,
    );
    assertThrows(
      () => gpu().run(increment, { buffers: { x: whole }, uniforms, workgroups: 1 }),
      TypeError,
      "Cannot read numbers of int32 as f32 in increment",
    );

    assertEquals([...await empty.data()], []);
    assertEquals([noNumbers.code, tooMany.code], ["tensor/unsupported", "tensor/unsupported"]);
    tf.dispose([empty, whole, x]);
  },
);

Deno.test({
  name: "a backend that was disposed of can be started again, with programs and tables of its own",
  ignore: !BACKENDS.includes("webgpu"),
  async fn(): Promise<void> {
    const seen: unknown[] = [];
    for (let start = 0; start < 2; start++) {
      using backend = await startBackend("webgpu");
      const table = gpu().table("two numbers", () => Float32Array.of(20, 22));
      const [x, sum, product] = [tf.tensor([1, 2]), gpu().allocate([2]), gpu().allocate([2])];
      const uniforms = { size: 2, factor: 1 };
      gpu().run(sumAndProduct, { buffers: { x, y: table, sum, product }, uniforms, workgroups: 1 });
      assertEquals([...await sum.data()], [21, 24]);
      backend.check();
      seen.push(gpu(), table);
      tf.dispose([x, sum, product]);
    }

    assert(seen[0] !== seen[2]);
    assert(seen[1] !== seen[3]);
  },
});

Deno.test({
  name: "useWebGpuKernels(false) gives the compositions back, and true the kernels",
  ignore: !BACKENDS.includes("webgpu"),
  async fn(): Promise<void> {
    using _backend = await startBackend("webgpu");
    const x = tf.tensor([1]);
    const owns: number[] = [];
    for (const on of [true, false, true]) {
      useWebGpuKernels(on);
      const before = gpu().dispatches.own;
      gelu(x).dispose();
      owns.push(gpu().dispatches.own - before);
    }

    assertEquals(owns, [1, 0, 1]);
    x.dispose();
  },
});
