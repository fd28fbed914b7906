import { TESTED_MACHINE } from "../../../tests/fixtures/reference_blas.ts";
import { BertEncoder } from "../../bert/model.ts";
import { bertConfig } from "../../bert/config.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertNotEquals,
  assertRejects,
} from "../../deps/assert.ts";
import * as tf from "../../deps/tfjs.ts";
import { KBertError } from "../../wall/errors.ts";
import { startBackend } from "../backend.ts";
import { linear, linearGelu } from "../operations.ts";
import { Random } from "../random.ts";
import type { WasmBackend } from "../kernels/wasm_heap.ts";
import { startNative } from "./start.ts";

const native = (): ReturnType<typeof startNative> =>
  startNative({}, () => startBackend("wasm"), TESTED_MACHINE);

/** `[rows, columns, inner]`, each axis also at one, where a step means nothing. */
const SHAPES = [[1, 1, 1], [1, 5, 7], [5, 1, 7], [5, 7, 1], [1, 1, 9], [3, 5, 7], [17, 33, 5], [64, 9, 130]];

function numbers(random: Random, size: number): Float32Array {
  return Float32Array.from({ length: size }, () => random.normal());
}

/** In float64, of matrices that are stored as they are or turned. */
function product(
  [rows, columns, inner]: number[],
  a: Float32Array,
  b: Float32Array,
  turnedA = false,
  turnedB = false,
): number[] {
  return Array.from({ length: rows! * columns! }, (_, index) => {
    const [row, column] = [Math.floor(index / columns!), index % columns!];
    let sum = 0;
    for (let at = 0; at < inner!; at++) {
      sum += a[turnedA ? at * rows! + row : row * inner! + at]! *
        b[turnedB ? column * inner! + at : at * columns! + column]!;
    }
    return sum;
  });
}

/** Sums of up to 130 products of a size of about 1, each rounded to float32: 130 * 2^-24 of a sum of 10. */
const TOLERANCE = 1e-4;

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = TOLERANCE): void {
  assertEquals(actual.length, expected.length);
  for (let index = 0; index < expected.length; index++) {
    assertLessOrEqual(Math.abs(actual[index]! - expected[index]!), tolerance, `at ${index}`);
  }
}

Deno.test("startNative() multiplies as float64 does, transposed or not, and leaves no tensor behind", async () => {
  using _native = await native();
  const before = tf.memory();
  for (const shape of SHAPES) {
    const [rows, columns, inner] = shape as [number, number, number];
    for (const [turnedA, turnedB] of [[false, false], [false, true], [true, false], [true, true]] as const) {
      const random = new Random(rows + columns);
      const [a, b] = [numbers(random, rows * inner), numbers(random, inner * columns)];
      const result = tf.tidy(() =>
        tf.matMul(
          tf.tensor2d(a, turnedA ? [inner, rows] : [rows, inner]),
          tf.tensor2d(b, turnedB ? [columns, inner] : [inner, columns]),
          turnedA,
          turnedB,
        )
      );

      assertClose(await result.data(), product(shape, a, b, turnedA, turnedB));
      result.dispose();
    }
  }
  assertEquals(
    [tf.memory().numTensors, tf.memory().numDataBuffers],
    [before.numTensors, before.numDataBuffers],
  );
});

Deno.test("startNative() multiplies batches, and repeats one matrix along a batch", async () => {
  using _native = await native();
  const [rows, columns, inner] = [3, 5, 4];
  for (const [batchA, batchB] of [[2, 2], [1, 2], [2, 1]] as const) {
    const random = new Random(batchA);
    const a = numbers(random, batchA * rows * inner);
    const b = numbers(random, batchB * inner * columns);
    const result = tf.tidy(() =>
      tf.matMul(tf.tensor(a, [batchA, rows, inner]), tf.tensor(b, [batchB, columns, inner]), false, true)
    );

    const expected = [0, 1].flatMap((index) => {
      const [atA, atB] = [batchA === 1 ? 0 : index, batchB === 1 ? 0 : index];
      const [one, other] = [a.slice(atA * rows * inner), b.slice(atB * inner * columns)];
      return product([rows, columns, inner], one, other, false, true);
    });
    assertClose(await result.data(), expected);
    result.dispose();
  }
});

Deno.test("startNative() computes linear() and its three gradients", async () => {
  using _native = await native();
  for (const shape of SHAPES) {
    const [rows, outputs, inputs] = shape as [number, number, number];
    const random = new Random(rows);
    const [x, weight] = [numbers(random, rows * inputs), numbers(random, outputs * inputs)];
    const [bias, dy] = [numbers(random, outputs), numbers(random, rows * outputs)];
    const given = [tf.tensor(x, [rows, inputs]), tf.tensor(weight, [outputs, inputs]), tf.tensor(bias)];
    const upstream = tf.tensor(dy, [rows, outputs]);

    const y = linear(given[0]!, given[1]!, given[2]!);
    const gradients = tf.grads((x, weight, bias) => linear(x!, weight!, bias!))(given, upstream);

    const [dx, dWeight, dBias] = await Promise.all(gradients.map((gradient) => gradient.data()));
    const plain = product([rows, outputs, inputs], x, weight, false, true);
    assertClose(await y.data(), plain.map((value, index) => value + bias[index % outputs]!));
    assertClose(dx!, product([rows, inputs, outputs], dy, weight));
    assertClose(dWeight!, product([outputs, inputs, rows], dy, x, true));
    assertClose(dBias!, product([1, outputs, rows], new Float32Array(rows).fill(1), dy));
    tf.dispose([...given, upstream, y, ...gradients]);
  }
});

Deno.test("startNative() goes on after the memory has grown under it", async () => {
  using _native = await native();
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const [a, b] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])];
  tf.matMul(a, b).dispose();
  const before = wasm.HEAPU8.buffer;

  const large = tf.zeros([before.byteLength / 4 + 1]);
  const result = tf.matMul(a, b);

  assertNotEquals(wasm.HEAPU8.buffer.byteLength, 0);
  assert(wasm.HEAPU8.buffer !== before, "the memory has not moved");
  assertEquals([...await result.data()], [11]);
  tf.dispose([a, b, large, result]);
});

Deno.test("startNative() writes over what was in a result's memory, even if it was not a number", async () => {
  using _native = await native();
  const [a, b] = [tf.ones([9, 9]) as tf.Tensor2D, tf.ones([9, 9]) as tf.Tensor2D];
  tf.fill([9, 9], NaN).dispose(); // the next tensor of this size lies where it was

  const result = tf.matMul(a, b);

  assertEquals(new Set(await result.data()), new Set([9]));
  tf.dispose([a, b, result]);
});

Deno.test("startNative() gives wasm its own products back in the end, but not to a backend that came after", async () => {
  const before = await startBackend("wasm");
  const first = await native();
  const second = await native();
  const kernel = (): unknown => tf.getKernel("BatchMatMul", "wasm").kernelFunc;
  const ofSecond = kernel();

  first[Symbol.dispose]();
  assertEquals(kernel(), ofSecond);
  second[Symbol.dispose]();

  assertNotEquals(kernel(), ofSecond);
  const result = tf.tidy(() => tf.matMul(tf.ones([2, 3]) as tf.Tensor2D, tf.ones([3, 2]) as tf.Tensor2D));
  assertEquals([...await result.data()], [3, 3, 3, 3]);
  result.dispose();
  before[Symbol.dispose]();
});

Deno.test("the encoder and its gradients on native are those of the composition on cpu", async () => {
  const config = bertConfig("tiny", {
    ...{ vocabSize: 50, hiddenSize: 12, heads: 3, intermediateSize: 20, maxPositions: 8, dropout: 0 },
  });
  const [batch, length] = [3, 7];
  const random = new Random(5);
  const ids = Int32Array.from({ length: batch * length }, () => random.below(50));
  const mask = Float32Array.from(ids, (_, index) => index % length < 5 ? 1 : 0);
  const upstream = numbers(random, batch * length * 12);
  const compute = async (): Promise<Float32Array[]> => {
    using encoder = BertEncoder.create(config, 1);
    const variables = [...encoder.parameters.values()];
    const { value, grads } = tf.variableGrads(() => {
      const hidden = encoder.forward({ batch, length, ids, mask });
      return tf.sum(tf.mul(hidden, tf.tensor(upstream, [batch, length, 12]))) as tf.Scalar;
    }, variables);
    const all = [value, ...variables.map(({ name }) => grads[name]!)];
    const values = await Promise.all(all.map(async (one) => (await one.data()).slice() as Float32Array));
    tf.dispose(all);
    return values;
  };

  const results: Float32Array[][] = [];
  {
    using _backend = await native();
    results.push(await compute());
  }
  {
    using _backend = await startBackend("cpu");
    results.push(await compute());
  }

  // Two blocks of float32 in another order; the gradients are up to about 10 large.
  results[0]!.forEach((values, index) => assertClose(values, results[1]![index]!, 1e-4));
});

Deno.test("linearGelu() on native has the same bits whether our own kernels have one thread or three", async () => {
  const results: Uint32Array[][] = [];
  for (const threads of [1, 3]) {
    using _native = await startNative({}, () => startBackend("wasm", { threads }), TESTED_MACHINE);
    const given = [[513, 40], [130, 40], [130]].map((shape, index) =>
      tf.tensor(numbers(new Random(index), tf.util.sizeFromShape(shape)), shape)
    );
    const call = (...x: tf.Tensor[]): tf.Tensor => linearGelu(x[0]!, x[1]!, x[2]!);
    const y = call(...given);
    const all = [y, ...tf.grads(call)(given, y)];
    results.push(
      await Promise.all(all.map(async (one) => new Uint32Array((await one.data()).slice().buffer))),
    );
    tf.dispose([...given, ...all]);
  }

  const different = results[0]!.flatMap((one, index) =>
    [...one].filter((bits, at) => bits !== results[1]![index]![at])
  );
  assertEquals(different.length, 0);
});

Deno.test('startBackend("native") that does not start leaves the backend before as it was', async () => {
  using _before = await startBackend("cpu");
  const settings = { native: { library: "/nowhere/libblas.so" } };

  const error = await assertRejects(() => startBackend("native", settings), KBertError);

  assertEquals(error.code, "backend/unavailable");
  assertEquals(error.message.includes("--allow-ffi=/nowhere/libblas.so"), true);
  assertEquals(tf.getBackend(), "cpu");
});

Deno.test('startBackend("auto") is never native', async () => {
  using backend = await startBackend("auto");

  assertNotEquals(backend.name, "native");
});
