import { assertClose, deviceTest, numbers, WIDTHS } from "../../../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { gelu } from "../../operations.ts";
import { Random } from "../../random.ts";

/** The normal distribution, by a series of positive terms: exact to about 1e-15 for |x| <= 8.5. */
function normalShare(x: number): number {
  if (Math.abs(x) > 8.5) return x < 0 ? 0 : 1;
  let [term, sum] = [x, x];
  for (let odd = 3; odd < 400; odd += 2) sum += term *= x * x / odd;
  return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

deviceTest("gelu() on webgpu and its gradient follow the float64 formula from -30 to 30", async () => {
  for (const size of [...WIDTHS, 60_001]) {
    const values = Float32Array.from(
      { length: size },
      (_, index) => size === 1 ? -1.5 : -30 + index * 60 / (size - 1),
    );
    const x = tf.tensor(values);
    const dy = tf.tensor(numbers(new Random(size), size));

    const [y, dx] = [gelu(x), tf.grad(gelu)(x, dy)];

    // Half a unit in the last place of the result is 6e-8; the exponential and the polynomial have the rest.
    assertClose(await y.data(), values.map((x) => x * normalShare(x)), 2.5e-7, "y");
    const slopes = [...values].map((x) => normalShare(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
    const upstream = await dy.data();
    assertClose(await dx.data(), slopes.map((slope, index) => slope * upstream[index]!), 1e-6, "dx");
    tf.dispose([x, dy, y, dx]);
  }
});

deviceTest("gelu() on webgpu keeps what is not a number, and zero", async () => {
  const x = tf.tensor([NaN, 0, Infinity, 1e30, -1e30]);

  const y = gelu(x);

  assertEquals([...await y.data()].map((value) => value + 0), [NaN, 0, Infinity, Math.fround(1e30), 0]);
  tf.dispose([x, y]);
});
