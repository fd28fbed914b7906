import { assertClose, kernelTest, numbers, WIDTHS } from "../../../../tests/fixtures/webgpu_kernels.ts";
import * as tf from "../../../deps/tfjs.ts";
import { maskedSoftmax } from "../../operations.ts";
import { Random } from "../../random.ts";

const [BATCH, HEADS, LENGTH, SCALE] = [3, 2, 5, 0.25];

/** Softmax of one row in float64, and the gradient of its scores. */
function referenceRow(x: readonly number[], mask: readonly number[], dy: readonly number[]): number[][] {
  // The sum is rounded to float32 on purpose: next to -1e9 nothing of the score is left.
  const logits = x.map((value, column) => Math.fround(value * SCALE + mask[column]!));
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  const weights = powers.map((power) => power / sum);
  const mean = weights.reduce((total, weight, column) => total + weight * dy[column]!, 0);
  return [weights, weights.map((weight, column) => SCALE * weight * (dy[column]! - mean))];
}

kernelTest("maskedSoftmax() on webgpu and its gradient follow the float64 formula", async () => {
  for (const width of WIDTHS) {
    const random = new Random(width);
    const shape: [number, number, number, number] = [BATCH, HEADS, LENGTH, width];
    const size = BATCH * HEADS * LENGTH * width;
    const [x, dy] = [numbers(random, size, 20), numbers(random, size)];
    // The first sequence is whole, the second has padding, the third is nothing but padding.
    const isMasked = (sequence: number, column: number): boolean =>
      sequence === 2 || (sequence === 1 && column > width / 2);
    const mask = Float32Array.from(
      { length: BATCH * width },
      (_, index) => isMasked(Math.floor(index / width), index % width) ? -1e9 : 0,
    );
    const [scores, upstream] = [tf.tensor(x, shape), tf.tensor(dy, shape)];
    const bias = tf.tensor(mask, [BATCH, 1, 1, width]);

    const y = maskedSoftmax(scores, bias, SCALE);
    const dx = tf.grad((x) => maskedSoftmax(x, bias, SCALE))(scores, upstream);

    const expected = { y: [] as number[], dx: [] as number[] };
    for (let row = 0; row < BATCH * HEADS * LENGTH; row++) {
      const sequence = Math.floor(row / (HEADS * LENGTH));
      const of = (values: Float32Array, row: number): number[] => [
        ...values.subarray(row * width, (row + 1) * width),
      ];
      const [weights, gradient] = referenceRow(of(x, row), of(mask, sequence), of(dy, row));
      expected.y.push(...weights!);
      expected.dx.push(...gradient!);
    }
    // A logit of up to 30 is rounded by 2e-6, and so is the exponential of it.
    assertClose(await y.data(), expected.y, 2e-6, `y of ${width}`);
    assertClose(await dx.data(), expected.dx, 2e-6, `dx of ${width}`);
    tf.dispose([scores, upstream, bias, y, dx]);
  }
});
