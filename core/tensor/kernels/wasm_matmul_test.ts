import { assertEquals, assertLessOrEqual, assertThrows } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { startBackend } from "../backend.ts";
import { linear } from "../operations.ts";
import { Random } from "../random.ts";

const TRANSPOSITIONS = [[false, false], [false, true], [true, false], [true, true]] as const;

/** Sizes around the tile (4 x 8), the vector (4), and the blocks (256 deep, 512 wide). */
const SHAPES = [
  [1, 1, 1],
  [3, 5, 7],
  [5, 1, 33],
  [1, 17, 3],
  [6, 8, 4],
  [7, 9, 129],
  [17, 33, 5],
  [33, 129, 17],
  [129, 7, 300],
  [13, 520, 257],
  [2, 1030, 3],
] as const;

/** A matrix `[rows, columns]`, or stored the other way round. */
interface Matrix {
  readonly at: (row: number, column: number) => number;
  readonly values: Float32Array;
}

function matrix(random: Random, rows: number, columns: number, isTransposed = false): Matrix {
  const values = Float32Array.from({ length: rows * columns }, () => random.normal());
  const at = (row: number, column: number): number =>
    values[isTransposed ? column * rows + row : row * columns + column]!;
  return { values, at };
}

/**
 * Compares with the product in float64. Each of the `inner` roundings is at most 2^-24 of the sum of the
 * absolute products, in whatever order they are added; one more for the bias.
 */
function assertProduct(
  actual: ArrayLike<number>,
  a: Matrix,
  b: Matrix,
  [rows, columns, inner]: readonly [number, number, number],
  bias: (column: number) => number = () => 0,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = bias(column);
      let size = Math.abs(sum);
      for (let index = 0; index < inner; index++) {
        const product = a.at(row, index) * b.at(index, column);
        sum += product;
        size += Math.abs(product);
      }
      const error = Math.abs(actual[row * columns + column]! - sum);
      assertLessOrEqual(error, (inner + 1) * 2 ** -24 * size, `at ${row}, ${column}`);
    }
  }
}

for (const [transposeA, transposeB] of TRANSPOSITIONS) {
  const name = `${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}`;
  Deno.test(`matMul ${name} on wasm gives the float64 product for every size at an edge`, async () => {
    using _backend = await startBackend("wasm");
    const random = new Random(1);
    for (const [rows, columns, inner] of SHAPES) {
      const a = matrix(random, rows, inner, transposeA);
      const b = matrix(random, inner, columns, transposeB);
      const product = tf.tidy(() =>
        tf.matMul(
          tf.tensor2d(a.values, transposeA ? [inner, rows] : [rows, inner]),
          tf.tensor2d(b.values, transposeB ? [columns, inner] : [inner, columns]),
          transposeA,
          transposeB,
        )
      );

      assertProduct(await product.data(), a, b, [rows, columns, inner]);
      product.dispose();
    }
  });

  Deno.test(`matMul ${name} on wasm multiplies batches, and one matrix with a batch`, async () => {
    using _backend = await startBackend("wasm");
    const [rows, columns, inner] = [7, 9, 5];
    for (const [batchA, batchB] of [[[2, 3], [2, 3]], [[1, 1], [2, 3]], [[2, 3], [1]], [[2, 1], [2, 3]]]) {
      const random = new Random(2);
      const [countA, countB] = [tf.util.sizeFromShape(batchA!), tf.util.sizeFromShape(batchB!)];
      const as = Array.from({ length: countA }, () => matrix(random, rows, inner, transposeA));
      const bs = Array.from({ length: countB }, () => matrix(random, inner, columns, transposeB));
      const join = (matrices: Matrix[], shape: number[]): tf.Tensor =>
        tf.tensor(matrices.flatMap(({ values }) => [...values]), shape);
      const product = tf.tidy(() =>
        tf.matMul(
          join(as, [...batchA!, ...(transposeA ? [inner, rows] : [rows, inner])]),
          join(bs, [...batchB!, ...(transposeB ? [columns, inner] : [inner, columns])]),
          transposeA,
          transposeB,
        )
      );

      assertEquals(product.shape, [2, 3, rows, columns]);
      const values = await product.data();
      for (let index = 0; index < 6; index++) {
        const a = as[countA === 6 ? index : countA === 2 ? Math.floor(index / 3) : 0]!;
        const b = bs[countB === 6 ? index : 0]!;
        const part = values.slice(index * rows * columns, (index + 1) * rows * columns);
        assertProduct(part, a, b, [rows, columns, inner]);
      }
      product.dispose();
    }
  });
}

Deno.test("matMul on wasm uses the new numbers of a variable that was assigned", async () => {
  using _backend = await startBackend("wasm");
  const weight = tf.variable(tf.ones([8, 8]));
  const x = tf.ones([8, 8]) as tf.Tensor2D;

  const before = tf.matMul(x, weight as unknown as tf.Tensor2D);
  tf.tidy(() => weight.assign(tf.fill([8, 8], 2)));
  const after = tf.matMul(x, weight as unknown as tf.Tensor2D);

  assertEquals([(await before.data())[0], (await after.data())[0]], [8, 16]);
  tf.dispose([weight, x, before, after]);
});

Deno.test("linear() on wasm and its three gradients are the float64 products", async () => {
  using _backend = await startBackend("wasm");
  const random = new Random(3);
  for (const [rows, outputs, inputs] of SHAPES) {
    const x = matrix(random, rows, inputs);
    const weight = matrix(random, inputs, outputs, true);
    const bias = matrix(random, 1, outputs);
    const dy = matrix(random, rows, outputs);
    const tensors = [
      tf.tensor(x.values, [rows, inputs]),
      tf.tensor(weight.values, [outputs, inputs]),
      tf.tensor(bias.values, [outputs]),
    ] as const;
    const upstream = tf.tensor(dy.values, [rows, outputs]);

    const y = linear(...tensors);
    const gradients = tf.grads((x, weight, bias) => linear(x!, weight!, bias!))([...tensors], upstream);

    assertProduct(await y.data(), x, weight, [rows, outputs, inputs], (column) => bias.at(0, column));
    const [dx, dWeight, dBias] = await Promise.all(gradients.map((gradient) => gradient.data()));
    const turned = ({ at, values }: Matrix): Matrix => ({ values, at: (row, column) => at(column, row) });
    assertProduct(dx!, dy, turned(weight), [rows, inputs, outputs]);
    assertProduct(dWeight!, turned(dy), x, [outputs, inputs, rows]);
    assertProduct(dBias!, { at: () => 1, values: new Float32Array() }, dy, [1, outputs, rows]);
    tf.dispose([...tensors, upstream, y, ...gradients]);
  }
});

Deno.test("linear() on wasm refuses a weight that does not fit instead of reading past its end", async () => {
  using _backend = await startBackend("wasm");
  const [x, weight, bias] = [tf.ones([2, 3]), tf.ones([4, 5]), tf.ones([4])];

  assertThrows(() => linear(x, weight, bias), KBertError, "expected [2,5]");
  tf.dispose([x, weight, bias]);
});
