import { assert, assertEquals, assertLessOrEqual } from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { startBackend } from "../backend.ts";
import { dropout, gelu, layerNorm, maskedSoftmax } from "../operations.ts";
import { Random } from "../random.ts";
import { useWasmKernels } from "./wasm_kernels.ts";

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

Deno.test("useWasmKernels() finds the relaxed SIMD that every supported Deno has", async () => {
  using _backend = await startBackend("wasm");

  assert(useWasmKernels(true));
});

Deno.test("clone() on wasm shares memory, which lives as long as the last of the two", async () => {
  using _backend = await startBackend("wasm");
  const before = tf.memory().numDataBuffers;
  const x = tf.tensor([1, 2, 3]);

  const copy = tf.clone(x);

  assertEquals(tf.memory().numDataBuffers, before + 1);
  x.dispose();
  assertEquals([...await copy.data()], [1, 2, 3]);
  copy.dispose();
  assertEquals(tf.memory().numDataBuffers, before);
});

Deno.test("sums over rows, rows by id and sums by id on wasm are those of plain loops", async () => {
  using _backend = await startBackend("wasm");
  for (const width of [1, 3, 4, 5, 7, 17, 33, 129]) { // around the vector of four
    const random = new Random(width);
    const [rows, table] = [70, 11];
    const values = numbers(random, rows * width);
    const ids = Int32Array.from({ length: rows }, () => random.below(table));
    const x = tf.tensor(values, [7, 10, width]);
    const indices = tf.tensor(ids, [7, 10], "int32");
    const words = tf.tensor(values.slice(0, table * width), [table, width]);

    const results = [
      tf.sum(x, [0, 1]),
      tf.sum(x, 0, true),
      tf.gather(words, indices),
      tf.unsortedSegmentSum(tf.reshape(x, [rows, width]), tf.reshape(indices, [rows]) as tf.Tensor1D, table),
    ];

    const sums = new Float64Array(width);
    const partial = new Float64Array(10 * width);
    const segments = new Float64Array(table * width);
    values.forEach((value, index) => {
      sums[index % width]! += value;
      partial[index % (10 * width)]! += value;
      segments[ids[Math.floor(index / width)]! * width + index % width]! += value;
    });
    assertEquals(results.map(({ shape }) => shape), [[width], [1, 10, width], [7, 10, width], [
      table,
      width,
    ]]);
    const [all, some, gathered, bySegment] = await Promise.all(results.map((result) => result.data()));
    assertClose(all!, sums, 70 * 2 ** -24 * 10); // 70 roundings of a sum of about 10
    assertClose(some!, partial, 70 * 2 ** -24 * 10);
    assertClose(bySegment!, segments, 70 * 2 ** -24 * 10);
    assertEquals(
      [...gathered!],
      [...ids].flatMap((id) => [...values.subarray(id * width, (id + 1) * width)]),
    );
    tf.dispose([x, indices, words, ...results]);
  }
});

Deno.test("kernels on wasm give the same bits twice, leave no tensor behind, and agree with the composition", async () => {
  using _backend = await startBackend("wasm");
  const x = tf.tensor(numbers(new Random(1), 6 * 35), [2, 3, 5, 7]);
  const [gamma, beta] = [tf.tensor(numbers(new Random(2), 7)), tf.zeros([7])];
  const bias = tf.zeros([2, 1, 1, 7]);
  const compute = async (): Promise<Float32Array> => {
    const gradient = tf.grad((x) =>
      dropout(maskedSoftmax(gelu(layerNorm(x, gamma, beta, 1e-12)), bias, 0.5), 0.1, new Random(3))
    )(x, x);
    const values = (await gradient.data()).slice() as Float32Array;
    gradient.dispose();
    return values;
  };

  const first = await compute();
  const before = tf.memory();
  const second = await compute();
  const after = tf.memory();
  useWasmKernels(false);
  const composed = await compute();
  useWasmKernels(true);

  assertEquals(second, first);
  assertEquals([after.numTensors, after.numDataBuffers], [before.numTensors, before.numDataBuffers]);
  assertClose(first, composed, 1e-6); // both round some ten times a number below 1
  tf.dispose([x, gamma, beta, bias]);
});
