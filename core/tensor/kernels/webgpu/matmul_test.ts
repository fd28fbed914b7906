import { BACKENDS } from "../../../../tests/fixtures/backends.ts";
import { assertEquals, assertLessOrEqual } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { startBackend } from "../../backend.ts";
import { Random } from "../../random.ts";
import { type MatMul, type MatMulVariant, matMulWith, multiply } from "./matmul.ts";

const ignore = !BACKENDS.includes("webgpu");

/** Rows, inner and columns: around the sides of the tiles, in quads and not. */
const SIZES = [[1, 1, 1], [3, 5, 7], [4, 4, 4], [36, 20, 28], [33, 17, 65], [5, 300, 33], [
  64,
  16,
  68,
]] as const;
const TRANSPOSES = [[false, false], [false, true], [true, false], [true, true]] as const;
const VARIANTS: readonly MatMulVariant[] = ["registers", "shared"];

function numbers(random: Random, shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => random.normal());
}

/** The product of two matrices in float64, and for each number what float32 may be off by. */
function reference(
  [a, b]: readonly [ArrayLike<number>, ArrayLike<number>],
  [rows, inner, columns]: readonly [number, number, number],
  [transposeA, transposeB]: readonly [boolean, boolean],
): { values: number[]; margins: number[] } {
  const [values, margins]: [number[], number[]] = [[], []];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let [sum, size] = [0, 0];
      for (let k = 0; k < inner; k++) {
        const product = a[transposeA ? k * rows + row : row * inner + k]! *
          b[transposeB ? column * inner + k : k * columns + column]!;
        sum += product;
        size += Math.abs(product);
      }
      values.push(sum);
      // Each addition rounds by at most 6e-8 of a partial sum; in practice the errors cancel.
      margins.push(6e-8 * size * Math.sqrt(inner + 4) + 1e-37);
    }
  }
  return { values, margins };
}

function assertWithin(
  actual: ArrayLike<number>,
  { values, margins }: ReturnType<typeof reference>,
  what: string,
): void {
  assertEquals(actual.length, values.length, what);
  values.forEach((value, index) =>
    assertLessOrEqual(Math.abs(actual[index]! - value), margins[index]!, `${what} at ${index}`)
  );
}

/** Runs with our kernel in the place of tfjs' own. */
async function withKernel(variant: MatMulVariant, run: () => Promise<void>): Promise<void> {
  const config = tf.getKernel("BatchMatMul", "webgpu");
  const stock = config.kernelFunc;
  config.kernelFunc = matMulWith(stock as unknown as MatMul, variant) as unknown as tf.KernelFunc;
  try {
    await run();
  } finally {
    config.kernelFunc = stock;
  }
}

for (const variant of VARIANTS) {
  for (const transposes of TRANSPOSES) {
    const [transposeA, transposeB] = transposes;
    const name = transposes.map((isTransposed) => isTransposed ? "T" : "N").join("");
    Deno.test({
      name: `matMul() ${name} on webgpu in ${variant} follows float64 at odd sizes`,
      ignore,
      fn: async () => {
        using backend = await startBackend("webgpu");
        await withKernel(variant, async () => {
          for (const size of SIZES) {
            const [rows, inner, columns] = size;
            const random = new Random(rows * inner);
            const [shapeA, shapeB] = [[rows, inner], [inner, columns]] as [
              [number, number],
              [number, number],
            ];
            if (transposeA) shapeA.reverse();
            if (transposeB) shapeB.reverse();
            const [a, b] = [numbers(random, shapeA), numbers(random, shapeB)];
            const tensors = [tf.tensor(a, shapeA), tf.tensor(b, shapeB)] as [tf.Tensor2D, tf.Tensor2D];
            const before = tf.memory().numTensors;

            const c = tf.matMul(...tensors, transposeA, transposeB);

            assertEquals(tf.memory().numTensors, before + 1);
            assertEquals(c.shape, [rows, columns]);
            assertWithin(await c.data(), reference([a, b], size, transposes), `${size}`);
            tf.dispose([...tensors, c]);
          }
        });
        backend.check();
      },
    });
  }

  Deno.test({
    name: `matMul() of broadcast batches on webgpu in ${variant} follows float64`,
    ignore,
    fn: async () => {
      using backend = await startBackend("webgpu");
      await withKernel(variant, async () => {
        // Which matrix of a and of b goes into each product, written down by hand.
        const cases = [
          { a: [3], b: [3], from: [[0, 0], [1, 1], [2, 2]] },
          { a: [2], b: [], from: [[0, 0], [1, 0]] },
          { a: [], b: [1, 2], from: [[0, 0], [0, 1]] },
          { a: [2, 1], b: [2, 3], from: [[0, 0], [0, 1], [0, 2], [1, 3], [1, 4], [1, 5]] },
          { a: [2, 1], b: [1, 2], from: [[0, 0], [0, 1], [1, 0], [1, 1]] },
          { a: [2, 1, 2], b: [2, 1, 2], from: [[0, 0], [1, 1], [2, 2], [3, 3]] },
        ];
        for (const { a: batchA, b: batchB, from } of cases) {
          for (const size of [[5, 3, 7], [8, 4, 20]] as const) {
            const [rows, inner, columns] = size;
            const random = new Random(rows);
            const [a, b] = [
              numbers(random, [...batchA, rows, inner]),
              numbers(random, [...batchB, columns, inner]),
            ];
            const tensors = [
              tf.tensor(a, [...batchA, rows, inner]),
              tf.tensor(b, [...batchB, columns, inner]),
            ] as const;

            const c = tf.matMul(...tensors, false, true);

            const values = await c.data();
            from.forEach(([one, other], index) => {
              const matrixA = a.subarray(one! * rows * inner, (one! + 1) * rows * inner);
              const matrixB = b.subarray(other! * columns * inner, (other! + 1) * columns * inner);
              const part = values.subarray(index * rows * columns, (index + 1) * rows * columns);
              const expected = reference([matrixA, matrixB], size, [false, true]);
              assertWithin(part as Float32Array, expected, `[${batchA}] by [${batchB}], product ${index}`);
            });
            assertEquals(values.length, from.length * rows * columns);
            tf.dispose([...tensors, c]);
          }
        }
      });
      backend.check();
    },
  });

  Deno.test({
    name: `matMul() of 300 matrices on webgpu in ${variant} follows float64, also in large tiles`,
    ignore,
    fn: async () => {
      using backend = await startBackend("webgpu");
      await withKernel(variant, async () => {
        const [count, size] = [300, [66, 5, 64]] as [number, [number, number, number]];
        const [rows, inner, columns] = size;
        const random = new Random(9);
        const [a, b] = [numbers(random, [count, inner, rows]), numbers(random, [inner, columns])];
        const tensors = [tf.tensor(a, [count, inner, rows]), tf.tensor(b, [1, inner, columns])] as const;

        const c = tf.matMul(...tensors, true);

        const values = await c.data();
        for (const product of [0, 1, 255, 299]) {
          const left = a.subarray(product * rows * inner, (product + 1) * rows * inner);
          const part = values.subarray(product * rows * columns, (product + 1) * rows * columns);
          assertWithin(part as Float32Array, reference([left, b], size, [true, false]), `product ${product}`);
        }
        tf.dispose([...tensors, c]);
      });
      backend.check();
    },
  });

  Deno.test({
    name: `multiply() on webgpu in ${variant} adds a bias, and works inside of wider tensors`,
    ignore,
    fn: async () => {
      using backend = await startBackend("webgpu");
      for (const [rows, inner, columns, width] of [[5, 3, 7, 9], [12, 8, 20, 24]] as const) {
        const random = new Random(width);
        // Two products, side by side in rows of `2 width` numbers.
        const [a, b] = [numbers(random, [rows, 2 * width]), numbers(random, [columns, 2 * width])];
        const bias = numbers(random, [columns]);
        const [tensorA, tensorB] = [tf.tensor(a, [rows, 2 * width]), tf.tensor(b, [columns, 2 * width])];
        const tensorBias = tf.tensor(bias);
        const c = tf.add(tf.zeros([rows, 2 * columns]), 0);
        multiply({
          ...{ rows, columns, inner, transposeB: true, batch: [1, 2], bias: tensorBias },
          a: { tensor: tensorA, row: 2 * width, share: width },
          b: { tensor: tensorB, row: 2 * width, share: width },
          c: { tensor: c, row: 2 * columns, share: columns },
        }, variant);

        const values = await c.data();
        for (const product of [0, 1]) {
          const part = (x: Float32Array, size: number): number[] =>
            [...x.keys()].filter((index) => {
              const column = index % (2 * width) - product * width;
              return Math.floor(index / (2 * width)) < size && column >= 0 && column < inner;
            }).map((index) => x[index]!);
          const expected = reference([part(a, rows), part(b, columns)], [rows, inner, columns], [
            false,
            true,
          ]);
          const sums = expected.values.map((value, index) => value + bias[index % columns]!);
          const margins = expected.margins.map((margin, index) => margin + 1.2e-7 * Math.abs(sums[index]!));
          const actual = [...values].filter((_, index) =>
            Math.floor(index % (2 * columns) / columns) === product
          );
          assertWithin(actual, { values: sums, margins }, `product ${product}`);
        }
        tf.dispose([tensorA, tensorB, tensorBias, c]);
      }
      backend.check();
    },
  });
}

Deno.test({
  name: "matMul() on webgpu does more matrices than fit into one dimension of workgroups",
  ignore,
  fn: async () => {
    using backend = await startBackend("webgpu");
    await withKernel("registers", async () => {
      const count = 8 * 65_535 + 3; // eight of them per workgroup
      const a = tf.tensor(Float32Array.from({ length: count }, (_, index) => index), [count, 1, 1]);
      const b = tf.tensor([2], [1, 1]);
      const c = tf.matMul(a, b);
      assertEquals(await c.data(), (await a.data()).map((value) => 2 * value));
      tf.dispose([a, b, c]);
    });
    backend.check();
  },
});

Deno.test({
  name: "matMul() on webgpu of nothing is nothing, and over an empty inner axis it is zero",
  ignore,
  fn: async () => {
    using backend = await startBackend("webgpu");
    await withKernel("registers", async () => {
      const none = tf.matMul(tf.zeros([0, 3]), tf.zeros([3, 2]) as tf.Tensor2D);
      const zero = tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 3]) as tf.Tensor2D);
      assertEquals([...await none.data()], []);
      assertEquals([...await zero.data()], [0, 0, 0, 0, 0, 0]);
      tf.dispose([none, zero]);
    });
    backend.check();
  },
});

Deno.test({
  name: "matMul() on webgpu leaves batches that broadcast in three groups of axes to what was there before",
  ignore,
  fn: async () => {
    using _backend = await startBackend("webgpu");
    await withKernel("registers", async () => {
      const [a, b] = [tf.ones([2, 1, 2, 3, 3]), tf.ones([1, 2, 2, 3, 3])];
      const c = tf.matMul(a, b);
      assertEquals(c.shape, [2, 2, 2, 3, 3]);
      assertEquals(new Set(await c.data()), new Set([3]));
      tf.dispose([a, b, c]);
    });
  },
});
