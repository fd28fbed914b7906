import { assertEquals, assertRejects, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { BACKENDS } from "../../../tests/fixtures/backends.ts";
import { stockKernels, stockWebGpu } from "../../../tests/fixtures/stock_tfjs.ts";
import { startBackend } from "../backend.ts";

const ignore = !BACKENDS.includes("webgpu"); // needs a device; there is none on this machine

/** What is refused, and how it is brought about. */
const REFUSED: readonly (readonly [string, () => tf.Tensor])[] = [
  ["a tensor with seven axes", () => tf.add(tf.ones([1, 1, 1, 1, 1, 1, 2]), 1)],
  ["padding of five axes", () => tf.pad(tf.ones([1, 1, 1, 1, 2]), [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0]])],
  [
    "the gradient of a slice with five axes",
    () => tf.grad((x) => tf.slice(x, [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]))(tf.ones([1, 1, 1, 1, 2])),
  ],
  ["the mean of no numbers", () => tf.mean(tf.ones([0]))],
  ["more products at once than there are workgroups", () => {
    using _stock = stockKernels("webgpu", "BatchMatMul");
    return tf.matMul(tf.ones([65_537, 1, 2]), tf.ones([65_537, 2, 1]));
  }],
  ["a whole number that float32 does not have", () => tf.neg(tf.tensor1d([2 ** 24 + 1], "int32"))],
  ["an id that is outside of the table", () => tf.gather(tf.ones([2, 3]), tf.tensor1d([0, 2], "int32"))],
  ["a negative id", () => tf.gather(tf.ones([2, 3]), tf.tensor1d([-1], "int32"))],
];

for (const [what, compute] of REFUSED) {
  Deno.test({
    name: `${what} on webgpu is refused by an error with a code`,
    ignore,
    async fn(): Promise<void> {
      using backend = await startBackend("webgpu");

      const error = assertThrows(() => tf.tidy(compute), KBertError);

      assertEquals(error.code, "tensor/unsupported");
      backend.check(); // nothing reached the device
    },
  });
}

Deno.test({
  name: "dataSync() on webgpu is refused with the way that works, where tfjs wants a canvas",
  ignore,
  async fn(): Promise<void> {
    using _backend = await startBackend("webgpu");
    const two = tf.tidy(() => tf.add(tf.ones([1]), 1));

    const error = assertThrows(() => two.dataSync(), KBertError, "await tensor.data()");

    assertEquals(error.code, "tensor/unsupported");
    assertEquals([...await two.data()], [2]);
    assertEquals([...two.dataSync()], [2]); // it is in ordinary memory now
    two.dispose();
  },
});

Deno.test({
  name: "without the guards, tfjs gives zeros or another number, or an error that names no tensor",
  ignore,
  async fn(): Promise<void> {
    (await startBackend("webgpu"))[Symbol.dispose](); // the kernels' guards are there; this backend has none
    using _backend = await stockWebGpu();
    using _stock = stockKernels("webgpu", "PadV2", "GatherV2", "Mean");
    const valueOf = async (compute: () => tf.Tensor): Promise<number[]> => {
      const tensor = tf.tidy(compute);
      const values = [...await tensor.data()];
      tensor.dispose();
      return values;
    };

    const padded = () => tf.pad(tf.ones([1, 1, 1, 1, 2]), [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0]]);
    assertEquals(await valueOf(padded), [0, 0, 0, 0]); // 0, 0, 1, 1
    const large = 2 ** 24;
    const compared = () => tf.equal(tf.tensor1d([large + 1], "int32"), tf.tensor1d([large], "int32"));
    assertEquals(await valueOf(compared), [1]); // they are not equal
    assertEquals(await valueOf(() => tf.gather(tf.ones([2, 1]), tf.tensor1d([2], "int32"))), [0]);
    await assertRejects(
      () => valueOf(() => tf.mean(tf.ones([0]))),
      Error,
      "Dispatch size exceeds WebGPU limits",
    );
  },
});
