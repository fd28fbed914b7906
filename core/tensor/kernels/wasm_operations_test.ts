import { assertEquals, assertLessOrEqual, assertNotEquals } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { startBackend } from "../backend.ts";
import { dropout, gelu, layerNorm, maskedSoftmax } from "../operations.ts";
import { Random } from "../random.ts";

/** Around the vector of four, and longer than a stretch of rows. */
const WIDTHS = [1, 3, 4, 5, 7, 17, 33, 129];

function numbers(random: Random, size: number, deviation = 1): Float32Array {
  return Float32Array.from({ length: size }, () => random.normal() * deviation);
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assertEquals(actual.length, expected.length);
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(actual[index]! - expected[index]!);
    assertLessOrEqual(error, tolerance * Math.max(1, Math.abs(expected[index]!)), `at ${index}`);
  }
}

/** The normal distribution, by a series of positive terms: exact to about 1e-15 for |x| <= 8.5. */
function normalShare(x: number): number {
  if (Math.abs(x) > 8.5) return x < 0 ? 0 : 1;
  let [term, sum] = [x, x];
  for (let odd = 3; odd < 400; odd += 2) sum += term *= x * x / odd;
  return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

Deno.test("gelu() on wasm and its gradient follow the float64 formula from -30 to 30", async () => {
  using _backend = await startBackend("wasm");
  for (const size of [...WIDTHS, 60_001]) {
    const values = Float32Array.from(
      { length: size },
      (_, index) => size === 1 ? -1.5 : -30 + index * 60 / (size - 1),
    );
    const x = tf.tensor(values);
    const dy = tf.tensor(numbers(new Random(size), size));

    const [y, dx] = [gelu(x), tf.grad(gelu)(x, dy)];

    // Half a unit in the last place of the result is 6e-8; the exponential and the polynomial have the rest.
    assertClose(await y.data(), values.map((x) => x * normalShare(x)), 2.5e-7);
    const slopes = [...values].map((x) => normalShare(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI));
    const upstream = await dy.data();
    assertClose(await dx.data(), slopes.map((slope, index) => slope * upstream[index]!), 1e-6);
    tf.dispose([x, dy, y, dx]);
  }
});

Deno.test("gelu() on wasm keeps what is not a number, and zero", async () => {
  using _backend = await startBackend("wasm");
  const x = tf.tensor([NaN, 0, Infinity, 1e30, -1e30]);

  const y = gelu(x);

  assertEquals([...await y.data()].map((value) => value + 0), [NaN, 0, Infinity, Math.fround(1e30), 0]);
  tf.dispose([x, y]);
});

/** Layer normalization of one row, and its gradients, in float64. */
function referenceNorm(
  x: number[],
  gamma: number[],
  beta: number[],
  dy: number[],
  epsilon: number,
): number[][] {
  const meanOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const mean = meanOf(x);
  const scale = 1 / Math.sqrt(meanOf(x.map((value) => (value - mean) ** 2)) + epsilon);
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

Deno.test("layerNorm() on wasm and its gradients follow the float64 formula", async () => {
  using _backend = await startBackend("wasm");
  const epsilon = 1e-3; // as large as this, a row of one number has a gradient of zero and not of noise
  for (const width of WIDTHS) {
    const random = new Random(width);
    const rows = 37;
    const [x, dy] = [numbers(random, rows * width, 3), numbers(random, rows * width)];
    const [gamma, beta] = [numbers(random, width), numbers(random, width)];
    const tensors = [tf.tensor(x, [rows, width]), tf.tensor(gamma), tf.tensor(beta)] as const;
    const upstream = tf.tensor(dy, [rows, width]);

    const y = layerNorm(...tensors, epsilon);
    const gradients = tf.grads((x, gamma, beta) => layerNorm(x!, gamma!, beta!, epsilon))(
      [...tensors],
      upstream,
    );

    const expected = { y: [] as number[], dx: [] as number[], dGamma: [] as number[], dBeta: [] as number[] };
    for (let row = 0; row < rows; row++) {
      const of = (values: Float32Array): number[] => [...values.subarray(row * width, (row + 1) * width)];
      const [rowY, rowDx, rowGamma] = referenceNorm(of(x), [...gamma], [...beta], of(dy), epsilon);
      expected.y.push(...rowY!);
      expected.dx.push(...rowDx!);
      for (let index = 0; index < width; index++) {
        expected.dGamma[index] = (expected.dGamma[index] ?? 0) + rowGamma![index]!;
        expected.dBeta[index] = (expected.dBeta[index] ?? 0) + of(dy)[index]!;
      }
    }
    // Roundings of a few numbers of size 10 (the mean, the products), 6e-8 each, and of up to 37 summands.
    assertClose(await y.data(), expected.y, 3e-6);
    const [dx, dGamma, dBeta] = await Promise.all(gradients.map((gradient) => gradient.data()));
    assertClose(dx!, expected.dx, 1e-5);
    assertClose(dGamma!, expected.dGamma, 1e-5);
    assertClose(dBeta!, expected.dBeta, 1e-5);
    tf.dispose([...tensors, upstream, y, ...gradients]);
  }
});

Deno.test("maskedSoftmax() on wasm and its gradient follow the float64 formula", async () => {
  using _backend = await startBackend("wasm");
  const [batch, heads, length, scale] = [3, 2, 5, 0.25];
  for (const width of WIDTHS) {
    const random = new Random(width);
    const shape: [number, number, number, number] = [batch, heads, length, width];
    const size = batch * heads * length * width;
    const [x, dy] = [numbers(random, size, 20), numbers(random, size)];
    // The first sequence is whole, the second has padding, the third is nothing but padding.
    const isMasked = (sequence: number, column: number): boolean =>
      sequence === 2 || (sequence === 1 && column > width / 2);
    const mask = Float32Array.from(
      { length: batch * width },
      (_, index) => isMasked(Math.floor(index / width), index % width) ? -1e9 : 0,
    );
    const [scores, upstream] = [tf.tensor(x, shape), tf.tensor(dy, shape)];
    const bias = tf.tensor(mask, [batch, 1, 1, width]);

    const y = maskedSoftmax(scores, bias, scale);
    const dx = tf.grad((x) => maskedSoftmax(x, bias, scale))(scores, upstream);

    const expected = { y: [] as number[], dx: [] as number[] };
    for (let row = 0; row < batch * heads * length; row++) {
      const sequence = Math.floor(row / (heads * length));
      // The sum is rounded to float32 on purpose: next to -1e9 nothing of the score is left.
      const logits = Array.from(
        { length: width },
        (_, column) => Math.fround(x[row * width + column]! * scale + mask[sequence * width + column]!),
      );
      const highest = Math.max(...logits);
      const powers = logits.map((logit) => Math.exp(logit - highest));
      const sum = powers.reduce((total, power) => total + power, 0);
      const weights = powers.map((power) => power / sum);
      const gradient = dy.subarray(row * width, (row + 1) * width);
      const mean = weights.reduce((total, weight, column) => total + weight * gradient[column]!, 0);
      expected.y.push(...weights);
      expected.dx.push(...weights.map((weight, column) => scale * weight * (gradient[column]! - mean)));
    }
    // A logit of up to 30 is rounded by 2e-6, and so is the exponential of it.
    assertClose(await y.data(), expected.y, 2e-6);
    assertClose(await dx.data(), expected.dx, 2e-6);
    tf.dispose([scores, upstream, bias, y, dx]);
  }
});

Deno.test("dropout() on wasm drops the same numbers as on cpu, bit for bit, and so does its gradient", async () => {
  for (const [size, rate] of [[1, 0.5], [3, 0.9], [129, 0.1], [10_007, 0.3]] as const) {
    const results: Float32Array[][] = [];
    for (const name of ["wasm", "cpu"] as const) {
      using _backend = await startBackend(name);
      const x = tf.tensor(numbers(new Random(5), size));
      const dy = tf.tensor(numbers(new Random(6), size));
      const y = dropout(x, rate, new Random(7));
      const dx = tf.grad((x) => dropout(x, rate, new Random(7)))(x, dy);
      results.push([(await y.data()).slice() as Float32Array, (await dx.data()).slice() as Float32Array]);
      tf.dispose([x, dy, y, dx]);
    }

    assertEquals(results[0], results[1]);
  }
});

Deno.test("dropout() drops its share, and other numbers at the next call", async () => {
  using _backend = await startBackend("wasm");
  const random = new Random(1);
  const x = tf.ones([100_000]);

  const [first, second] = [dropout(x, 0.1, random), dropout(x, 0.1, random)];

  const [one, other] = [await first.data(), await second.data()];
  const dropped = one.filter((value: number) => value === 0).length;
  assertLessOrEqual(Math.abs(dropped - 10_000), 4 * Math.sqrt(100_000 * 0.1 * 0.9)); // four deviations
  assertNotEquals(one, other);
  tf.dispose([x, first, second]);
});
