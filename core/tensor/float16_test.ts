import { BACKENDS } from "../../tests/fixtures/backends.ts";
import { HAS_FLOAT16 } from "../../tests/fixtures/float16.ts";
import { deviceTest, numbers, WIDTHS } from "../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals, assertLessOrEqual, assertThrows } from "../deps/assert.ts";
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import { startBackend } from "./backend.ts";
import { requirePrecision, toFloat16, toFloat32 } from "./float16.ts";
import { gpu } from "./kernels/webgpu/gpu.ts";
import { Random } from "./random.ts";

const ignore = !HAS_FLOAT16;

deviceTest("toFloat16() rounds to the numbers of a Float16Array, of which two take one word", async () => {
  for (const size of [...WIDTHS, 1_025]) {
    const values = numbers(new Random(size), size);
    const x = tf.tensor(values);
    const before = bytesInUse();

    const half = toFloat16(x);

    assertEquals(half.dtype, "float32");
    assertEquals(bytesInUse() - before, 4 * Math.ceil(size / 2) + 4 * size); // and x is uploaded
    const back = toFloat32(half);
    const actual = await back.data();
    // The nearest number, or its neighbour where two are as near; some devices cut off instead.
    values.forEach((value, index) =>
      assertLessOrEqual(Math.abs(actual[index]! - value), Math.abs(value) * 2 ** -10 + 2 ** -24)
    );
    tf.dispose([x, half, back]);
  }
}, { ignore });

deviceTest("toFloat16() keeps zero and its own largest number, and makes nothing of 1e-9", async () => {
  const x = tf.tensor([0, 65_504, -65_504, 1e-9]);

  const back = tf.tidy(() => toFloat32(toFloat16(x)));

  assertEquals([...await back.data()], [0, 65_504, -65_504, 0]);
  tf.dispose([x, back]);
}, { ignore });

deviceTest("the gradient of toFloat16() and toFloat32() is the one of their result, in float32", async () => {
  const [x, dy] = [tf.tensor([1, 2, 3]), tf.tensor([1e-12, 1 / 3, 1e20])];

  const dx = tf.grad((x) => toFloat32(toFloat16(x)))(x, dy);

  assertEquals([...await dx.data()], [...await dy.data()]);
  tf.dispose([x, dy, dx]);
}, { ignore });

deviceTest("toFloat32() of a tensor of float32 is a clone, and toFloat16() of one of float16", async () => {
  const x = tf.tensor([1 / 3]);
  const half = toFloat16(x);
  const dispatches = gpu().dispatches.own;

  const [same, sameHalf] = [toFloat32(x), toFloat16(half)];

  assertEquals(gpu().dispatches.own, dispatches);
  assertEquals([same.dataId, sameHalf.dataId], [x.dataId, half.dataId]);
  assertEquals([...await same.data()], [Math.fround(1 / 3)]);
  tf.dispose([x, half, same, sameHalf]);
}, { ignore });

deviceTest("Gpu.copy() of a tensor of float16 is one of float16", async () => {
  const x = tf.tensor([1, 2, 3]);
  const half = toFloat16(x);

  const copy = gpu().copy(half);

  const back = toFloat32(copy);
  assertEquals([...await back.data()], [1, 2, 3]);
  tf.dispose([x, half, copy, back]);
}, { ignore });

for (const name of BACKENDS) {
  Deno.test({
    name: `requirePrecision() on ${name} refuses float16 with the reason, and takes float32`,
    ignore: name === "webgpu" && HAS_FLOAT16,
    async fn(): Promise<void> {
      using _backend = await startBackend(name);

      const error = assertThrows(() => requirePrecision("float16"), KBertError);
      const x = tf.zeros([1]);
      assertThrows(() => toFloat16(x), KBertError, error.message);
      x.dispose();

      assertEquals(error.code, "backend/unavailable");
      const reason = name === "webgpu"
        ? "the GPU adapter has no shader-f16"
        : `it needs the backend webgpu, and this one is ${name}`;
      assertEquals(error.detail, { backend: name, reason });
      requirePrecision("float32");
    },
  });
}

function bytesInUse(): number {
  return (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU;
}
