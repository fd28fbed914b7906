import { BACKENDS } from "../../../../tests/fixtures/backends.ts";
import { assertEquals, assertLessOrEqual } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { startBackend } from "../../backend.ts";
import { gelu, linear, linearGelu } from "../../operations.ts";
import { Random } from "../../random.ts";
import { gpu } from "./gpu.ts";
import { useWebGpuKernels } from "./kernels.ts";

const ignore = !BACKENDS.includes("webgpu");

/** Result and gradients of one layer in float64: `y[i, o] = sum x[i, k] w[o, k] + b[o]`. */
function reference(
  [rows, inputs, outputs]: readonly [number, number, number],
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  dy: Float32Array,
): number[][] {
  const y: number[] = [];
  const dx = new Array<number>(rows * inputs).fill(0);
  const dWeight = new Array<number>(outputs * inputs).fill(0);
  const dBias = new Array<number>(outputs).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      const upstream = dy[row * outputs + output]!;
      let sum = bias[output]!;
      for (let k = 0; k < inputs; k++) {
        sum += x[row * inputs + k]! * weight[output * inputs + k]!;
        dx[row * inputs + k]! += upstream * weight[output * inputs + k]!;
        dWeight[output * inputs + k]! += upstream * x[row * inputs + k]!;
      }
      y.push(sum);
      dBias[output]! += upstream;
    }
  }
  return [y, dx, dWeight, dBias];
}

for (const isSoftware of [true, false]) {
  Deno.test({
    name: `linear() on a ${isSoftware ? "software" : "real"} GPU and its gradients follow float64`,
    ignore,
    fn: async () => {
      using backend = await startBackend("webgpu");
      useWebGpuKernels(true, { isSoftware });
      for (
        const size of [[1, 1, 1], [5, 3, 7], [70, 9, 2], [12, 8, 20], [130, 4, 36], [256, 5, 8], [
          512,
          4,
          3,
        ]] as const
      ) {
        const [rows, inputs, outputs] = size;
        const random = new Random(rows);
        const numbers = (length: number): Float32Array =>
          Float32Array.from({ length }, () => random.normal());
        const [x, weight, bias, dy] = [rows * inputs, outputs * inputs, outputs, rows * outputs].map(
          numbers,
        ) as [
          Float32Array<ArrayBuffer>,
          Float32Array<ArrayBuffer>,
          Float32Array<ArrayBuffer>,
          Float32Array<ArrayBuffer>,
        ];
        const tensors = [
          tf.tensor(x, [rows, inputs]),
          tf.tensor(weight, [outputs, inputs]),
          tf.tensor(bias),
        ] as const;
        const upstream = tf.tensor(dy, [rows, outputs]);
        const before = tf.memory().numTensors;

        const y = linear(...tensors);
        const gradients = tf.grads((x, weight, bias) => linear(x!, weight!, bias!))([...tensors], upstream);

        assertEquals(tf.memory().numTensors, before + 4);
        const expected = reference(size, x, weight, bias, dy);
        for (const [which, result] of [y, ...gradients].entries()) {
          const actual = await result.data();
          assertEquals(actual.length, expected[which]!.length);
          // A sum of 500 products of size 1 gets to 60, where one addition rounds by up to 2e-6; of all of
          // them some tens add up.
          expected[which]!.forEach((value, index) =>
            assertLessOrEqual(Math.abs(actual[index]! - value), 1e-4, `${size}, result ${which} at ${index}`)
          );
        }
        tf.dispose([...tensors, upstream, y, ...gradients]);
      }
      backend.check();
    },
  });
}

for (const isSoftware of [true, false]) {
  Deno.test({
    name: `linearGelu() on a ${
      isSoftware ? "software" : "real"
    } GPU is one dispatch with the numbers of its two parts`,
    ignore,
    fn: async () => {
      using backend = await startBackend("webgpu");
      useWebGpuKernels(true, { isSoftware });
      for (const [rows, inputs, outputs] of [[5, 3, 7], [33, 20, 36], [64, 32, 64]] as const) {
        const random = new Random(rows);
        const normal = (...shape: number[]): tf.Tensor =>
          tf.tensor(
            Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
            shape,
          );
        const [x, weight, bias] = [normal(rows, inputs), normal(outputs, inputs), normal(outputs)];
        const before = gpu().dispatches.own;

        const y = linearGelu(x, weight, bias);

        assertEquals(gpu().dispatches.own, before + 1);
        const parts = tf.tidy(() => gelu(linear(x, weight, bias)));
        // The same operations in the same order; only a compiler may join a product and a sum in one of them.
        const [actual, expected] = [await y.data(), await parts.data()];
        expected.forEach((value, index) => assertLessOrEqual(Math.abs(actual[index]! - value), 1e-5));
        tf.dispose([x, weight, bias, y, parts]);
      }
      backend.check();
    },
  });
}
