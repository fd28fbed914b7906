import { assertClose, deviceTest, numbers } from "../../../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals, assertLess } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { squaredNorm } from "../../adamw.ts";
import { Random } from "../../random.ts";
import { columnSums } from "./sums.ts";

deviceTest("columnSums() on webgpu adds every column, in one dispatch, two and three", async () => {
  for (const [rows, width] of [[1, 5], [64, 3], [65, 33], [4_097, 2]] as const) {
    const values = numbers(new Random(rows), rows * width);
    const x = tf.tensor(values, [rows, width]);

    const sums = columnSums(x);

    const expected = new Float64Array(width);
    values.forEach((value, index) => expected[index % width]! += value);
    assertEquals(sums.shape, [width]);
    // 64 summands at a time, each rounded by 6e-8 of a sum of about 10, and 64 of those of about 60.
    assertClose(await sums.data(), expected, 2e-5, `${rows} rows`);
    tf.dispose([x, sums]);
  }
});

deviceTest(
  "squaredNorm() on webgpu adds the squares of all gradients, whatever their number",
  async () => {
    const random = new Random(3);
    for (const count of [1, 2, 50]) { // in one dispatch, and in several
      const values = Array.from({ length: count }, (_, index) => numbers(random, 1 + index * 97, 2));
      const gradients = values.map((value) => tf.tensor(value));

      const sum = await squaredNorm(gradients);

      const expected = values.reduce(
        (sum, value) => value.reduce((inner, one) => inner + one * one, sum),
        0,
      );
      // Sixteen squares are added in float32, the rest in float64.
      assertLess(Math.abs(sum / expected - 1), 2e-7);
      tf.dispose(gradients);
    }
  },
);

deviceTest("squaredNorm() of no gradients on webgpu is zero", async () => {
  assertEquals(await squaredNorm([]), 0);
});
