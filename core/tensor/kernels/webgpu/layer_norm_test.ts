import { assertClose, kernelTest, numbers, WIDTHS } from "../../../../tests/fixtures/webgpu_kernels.ts";
import { assertEquals, assertThrows } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { KBertError } from "../../../wall/errors.ts";
import { layerNorm } from "../../operations.ts";
import { Random } from "../../random.ts";

/** Large, so that a row of one number has a gradient of zero and not of noise. */
const EPSILON = 1e-3;

/** Layer normalization of one row, and its gradients, in float64. */
function referenceRow(x: number[], gamma: number[], beta: number[], dy: number[]): number[][] {
  const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const mean = meanOf(x);
  const scale = 1 / Math.sqrt(meanOf(x.map((value) => (value - mean) ** 2)) + EPSILON);
  const normal = x.map((value) => (value - mean) * scale);
  const inner = dy.map((value, index) => value * gamma[index]!);
  const meanInner = meanOf(inner);
  const meanProduct = meanOf(inner.map((value, index) => value * normal[index]!));
  return [
    normal.map((value, index) => value * gamma[index]! + beta[index]!),
    inner.map((value, index) => scale * (value - meanInner - normal[index]! * meanProduct)),
    normal.map((value, index) => value * dy[index]!),
  ];
}

kernelTest("layerNorm() on webgpu and its gradients follow the float64 formula", async () => {
  for (const width of WIDTHS) {
    for (const rows of [1, 37, 130]) { // one part of the sums over rows, and several with a rest
      const random = new Random(width);
      const [x, dy] = [numbers(random, rows * width, 3), numbers(random, rows * width)];
      const [gamma, beta] = [numbers(random, width), numbers(random, width)];
      const tensors = [tf.tensor(x, [rows, width]), tf.tensor(gamma), tf.tensor(beta)] as const;
      const upstream = tf.tensor(dy, [rows, width]);

      const y = layerNorm(...tensors, EPSILON);
      const gradients = tf.grads((x, gamma, beta) => layerNorm(x!, gamma!, beta!, EPSILON))(
        [...tensors],
        upstream,
      );

      const expected = { y: [] as number[], dx: [] as number[] };
      const [gammaSums, betaSums] = [new Float64Array(width), new Float64Array(width)];
      for (let row = 0; row < rows; row++) {
        const of = (values: Float32Array): number[] => [...values.subarray(row * width, (row + 1) * width)];
        const [rowY, rowDx, rowGamma] = referenceRow(of(x), [...gamma], [...beta], of(dy));
        expected.y.push(...rowY!);
        expected.dx.push(...rowDx!);
        rowGamma!.forEach((value, index) => gammaSums[index]! += value);
        of(dy).forEach((value, index) => betaSums[index]! += value);
      }
      const what = `${rows} rows of ${width}`;
      // Roundings of a few numbers of size 10 (the mean, the products), 6e-8 each, and of up to 130 summands.
      assertClose(await y.data(), expected.y, 3e-6, what);
      const [dx, dGamma, dBeta] = await Promise.all(gradients.map((gradient) => gradient.data()));
      assertClose(dx!, expected.dx, 1e-5, what);
      assertClose(dGamma!, gammaSums, 1e-5, what);
      assertClose(dBeta!, betaSums, 1e-5, what);
      tf.dispose([...tensors, upstream, y, ...gradients]);
    }
  }
});

kernelTest("layerNorm() on webgpu gives the same bits twice, sums over many rows as well", async () => {
  const x = tf.tensor(numbers(new Random(1), 5_000 * 7), [5_000, 7]);
  const [gamma, beta] = [tf.ones([7]), tf.zeros([7])];
  const compute = async (): Promise<number[][]> => {
    const gradients = tf.grads((x, gamma, beta) => layerNorm(x!, gamma!, beta!, EPSILON))(
      [x, gamma, beta],
      x,
    );
    const values = await Promise.all(gradients.map((gradient) => gradient.data()));
    tf.dispose(gradients);
    return values.map((value) => [...value]);
  };

  assertEquals(await compute(), await compute());
  tf.dispose([x, gamma, beta]);
});

kernelTest("layerNorm() on webgpu refuses a gamma of another width", async () => {
  const [x, gamma] = [tf.ones([2, 3]), tf.ones([4])];

  const error = assertThrows(() => layerNorm(x, gamma, gamma, EPSILON), KBertError);

  assertEquals(error.code, "tensor/shape");
  tf.dispose([x, gamma]);
  await Promise.resolve();
});
