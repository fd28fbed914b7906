import { HAS_FLOAT16 } from "../../../tests/fixtures/float16.ts";
import { stockWebGpu } from "../../../tests/fixtures/stock_tfjs.ts";
import { assertEquals, assertRejects, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { startBackend } from "../backend.ts";
import { toFloat16, toFloat32 } from "../float16.ts";
import { gpu } from "../kernels/webgpu/gpu.ts";

const ignore = !HAS_FLOAT16;

/** Operations of tfjs, on a square matrix. */
const OPERATIONS: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  neg: tf.neg,
  mul: (x) => tf.mul(x, x),
  "add of one of float32": (x) => tf.add(x, 1),
  "add of a row": (x) => tf.add(x, tf.slice(toFloat32(x), [0, 0], [1, 2])),
  addN: (x) => tf.addN([x, x]),
  matMul: (x) => tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D),
  transpose: (x) => tf.transpose(x),
  slice: (x) => tf.slice(x, [0, 0], [1, 2]),
  concat: (x) => tf.concat([x, x]),
  sum: (x) => tf.sum(x),
  softmax: (x) => tf.softmax(x),
  gather: (x) => tf.gather(x, tf.tensor1d([0], "int32")),
  "cast to int32": (x) => tf.cast(x, "int32"),
};

Deno.test({
  name: "an operation of tfjs on a tensor of float16 is refused by an error with a code",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const before = tf.memory().numTensors;
    for (const [name, compute] of Object.entries(OPERATIONS)) {
      const apply = () => tf.tidy(() => compute(toFloat16(tf.ones([2, 2]))));
      const error = assertThrows(apply, KBertError, "toFloat32");
      assertEquals(error.code, "tensor/unsupported", name);
    }
    assertEquals(tf.memory().numTensors, before);
    backend.check();
  },
});

Deno.test({
  name: "reading a tensor of float16 is refused by an error with a code, in each of the three ways",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const half = tf.tidy(() => toFloat16(tf.ones([3])));

    const errors = [
      await assertRejects(() => half.data(), KBertError, "toFloat32"),
      assertThrows(() => half.dataSync(), KBertError),
      assertThrows(() => half.dataToGPU(), KBertError, "toFloat32"),
    ];

    assertEquals(new Set(errors.map(({ code }) => code)), new Set(["tensor/unsupported"]));
    half.dispose();
    backend.check();
  },
});

Deno.test({
  name: "what only changes the shape of a tensor of float16 goes on, and so does a sum of two of them",
  ignore,
  async fn(): Promise<void> {
    using backend = await startBackend("webgpu");
    const sum = tf.tidy(() => {
      const half = toFloat16(tf.tensor([1, 2, 3]));
      const column = tf.expandDims(tf.clone(half), 1);
      return toFloat32(tf.add(column, tf.reshape(half, [3, 1])));
    });

    assertEquals([sum.shape, [...await sum.data()]], [[3, 1], [2, 4, 6]]);
    sum.dispose();
    backend.check();
  },
});

Deno.test({
  name: "published tfjs has errors for a tensor of float16 too, which say neither what it is nor a way out",
  ignore,
  async fn(): Promise<void> {
    using _stock = await stockWebGpu();
    const half = gpu().allocate([4], "f16");

    assertThrows(() => tf.tidy(() => tf.neg(half)), Error, "type float16 is not supported");
    await assertRejects(() => half.data(), Error, "Unknown dtype float16");
    assertThrows(() => half.dataToGPU(), Error, "Unknown dtype float16");
    half.dispose();
  },
});
