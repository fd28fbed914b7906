import { assertClose, deviceTest, numbers } from "../../../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { AdamW } from "../../adamw.ts";
import { Random } from "../../random.ts";
import { gpu } from "./gpu.ts";

const STEPS = 10;
/** More parameters than fit into one dispatch, around the numbers of a workgroup. */
const SIZES = [1, 3, 64, 1023, 1024, 1025, 5000, 7, 130, 2048, 33, 4, 9, 17, 65, 2, 100, 31, 6];

/** AdamW of Loshchilov and Hutter (2019), algorithm 2, in float64. */
function referenceAdamW(start: Float32Array, gradients: readonly Float32Array[], decay: number): number[] {
  return [...start].map((value, index) => {
    let [m, v] = [0, 0];
    gradients.forEach((gradient, step) => {
      const g = gradient[index]! * 0.5;
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const [mHat, vHat] = [m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))];
      value -= 0.01 * (mHat / (Math.sqrt(vHat) + 1e-8) + decay * value);
    });
    return value;
  });
}

deviceTest("AdamW.update() on webgpu follows a float64 reference", async () => {
  const random = new Random(4);
  const shapeOf = (size: number): number[] => size % 2 ? [size] : [size / 2, 2]; // a vector does not decay
  const starts = SIZES.map((size) => numbers(random, size));
  const gradients = SIZES.map((size) =>
    Array.from({ length: STEPS }, () => numbers(random, size, 10 ** (random.below(7) - 4)))
  );
  const parameters = new Map(
    SIZES.map((size, index) => {
      const value = tf.tensor(starts[index]!.slice(), shapeOf(size));
      const variable = tf.variable(value);
      value.dispose();
      return [`p${index}`, variable];
    }),
  );
  const optimizer = new AdamW(parameters);

  for (let step = 0; step < STEPS; step++) {
    const some = new Map(
      SIZES.map((size, index) => [`p${index}`, tf.tensor(gradients[index]![step]!, shapeOf(size))]),
    );
    const before = gpu().dispatches.own;
    optimizer.update(some, { learningRate: 0.01, weightDecay: 0.1, scale: 0.5 });
    assertEquals(
      gpu().dispatches.own - before < SIZES.length,
      gpu().limits.maxStorageBuffersPerShaderStage > 8,
    );
    tf.dispose([...some.values()]);
  }

  for (const [index, parameter] of [...parameters.values()].entries()) {
    const expected = referenceAdamW(starts[index]!, gradients[index]!, parameter.rank > 1 ? 0.1 : 0);
    // 10 updates of at most 0.01, each rounded to float32 (6e-8 of a number near 1).
    assertClose(await parameter.data(), expected, 1e-6, `parameter ${index}`);
  }
  optimizer[Symbol.dispose]();
  tf.dispose([...parameters.values()]);
});

deviceTest(
  "AdamW.update() on webgpu leaves a clone and an earlier read of a parameter as they were",
  async () => {
    const start = tf.tensor([1, 2, 3]);
    const parameter = tf.variable(start);
    start.dispose();
    const gradient = tf.tensor([1, 1, 1]);
    const optimizer = new AdamW(new Map([["p", parameter]]));
    const update = (): void =>
      optimizer.update(new Map([["p", gradient]]), { learningRate: 0.5, weightDecay: 0 });

    const clone = tf.clone(parameter);
    const reading = parameter.data();
    update();

    assertEquals([...await clone.data()], [1, 2, 3]);
    assertEquals([...await reading], [1, 2, 3]);
    clone.dispose();
    assertClose(await parameter.data(), [0.5, 1.5, 2.5], 1e-6, "after the first update");
    update(); // in place: nobody else has it now
    assertClose(await parameter.data(), [0, 1, 2], 1e-6, "after the second update");
    const before = parameter.data();
    update();
    assertClose(await before, [0, 1, 2], 1e-6, "a read that the third update has overtaken");
    assertClose(await parameter.data(), [-0.5, 0.5, 1.5], 1e-6, "after the third update");
    optimizer[Symbol.dispose]();
    tf.dispose([parameter, gradient]);
  },
);

deviceTest("AdamW.update() on webgpu changes the buffers in place, moments and parameters", async () => {
  const start = tf.ones([100]);
  const parameter = tf.variable(start);
  start.dispose();
  const gradient = tf.ones([100]);
  const optimizer = new AdamW(new Map([["p", parameter]]));
  const update = (): void => optimizer.update(new Map([["p", gradient]]), { learningRate: 0.1 });
  update();
  const { dataId } = parameter;
  const bytes = (tf.memory() as unknown as { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU;

  update();

  assertEquals(parameter.dataId, dataId);
  assertEquals((tf.memory() as unknown as { numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU, bytes);
  optimizer[Symbol.dispose]();
  tf.dispose([parameter, gradient]);
  await Promise.resolve();
});
