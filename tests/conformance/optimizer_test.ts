/**
 * AdamW and the global norm on every backend, against the formulas in float64.
 *
 * The optimizer is not a function of its inputs: several updates follow each other, and parameters and moments
 * of all shapes are changed together.
 *
 * @module
 */
import { assertEquals } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { AdamW, squaredNorm } from "../../core/tensor/adamw.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { BACKENDS } from "../fixtures/backends.ts";
import { difference, normal } from "./conformance.ts";

/** Ones, primes, around a vector of 4 and a workgroup of 64 and 256; one axis does not decay. */
const SHAPES = [[1], [5], [257], [1, 1], [3, 5], [17, 65], [2, 3, 7]];
const SETTINGS = { learningRate: 0.01, weightDecay: 0.1, scale: 0.7 };
const UPDATES = 3;

/** @see Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101 */
function expectedAdamW(start: Float64Array, gradients: readonly Float64Array[], decays: boolean): {
  parameter: Float64Array;
  first: Float64Array;
  second: Float64Array;
} {
  const { learningRate, weightDecay, scale } = SETTINGS;
  const parameter = start.slice();
  const [first, second] = [new Float64Array(start.length), new Float64Array(start.length)];
  gradients.forEach((gradient, index) => {
    for (let at = 0; at < parameter.length; at++) {
      const g = gradient[at]! * scale;
      first[at] = 0.9 * first[at]! + 0.1 * g;
      second[at] = 0.999 * second[at]! + 0.001 * g * g;
      const root = Math.sqrt(second[at]! / (1 - 0.999 ** (index + 1))) + 1e-8;
      const change = first[at]! / (1 - 0.9 ** (index + 1)) / root;
      parameter[at]! -= learningRate * (change + (decays ? weightDecay : 0) * parameter[at]!);
    }
  });
  return { parameter, first, second };
}

for (const backendName of BACKENDS) {
  Deno.test(`AdamW on ${backendName} follows the float64 formula over ${UPDATES} updates of all parameters`, async () => {
    using backend = await startBackend(backendName);
    const before = tf.memory().numTensors;
    const named = SHAPES.map((shape, index) => [`p${index}`, normal(shape, index)] as const);
    const gradientsAt = (update: number) =>
      new Map(SHAPES.map((shape, index) => [`p${index}`, normal(shape, 100 * update + index)] as const));
    const parameters = new Map(
      named.map(([name, { shape, values }]) =>
        [name, tf.tidy(() => tf.variable(tf.tensor(values.slice(), [...shape])))] as const
      ),
    );
    const optimizer = new AdamW(parameters);
    for (let update = 1; update <= UPDATES; update++) {
      const gradients = new Map(
        [...gradientsAt(update)].map(([name, { shape, values }]) =>
          [name, tf.tensor(values.slice(), [...shape])] as const
        ),
      );
      optimizer.update(gradients, SETTINGS);
      tf.dispose([...gradients.values()]);
    }

    const state = await optimizer.state();
    const problems: (string | undefined)[] = [];
    for (const [name, { shape, values }] of named) {
      const gradients = Array.from(
        { length: UPDATES },
        (_, index) => Float64Array.from(gradientsAt(index + 1).get(name)!.values),
      );
      const expected = expectedAdamW(Float64Array.from(values), gradients, shape.length > 1);
      const value = await parameters.get(name)!.data();
      // A rounding for each term of each update; on a graphics card a root and two divisions more.
      problems.push(difference(`${name} [${shape}]`, value, expected.parameter, 8 * UPDATES));
      problems.push(
        difference(`${name}.first`, state.get(`${name}.first`)!.data, expected.first, 4 * UPDATES),
      );
      problems.push(
        difference(`${name}.second`, state.get(`${name}.second`)!.data, expected.second, 4 * UPDATES),
      );
    }
    optimizer[Symbol.dispose]();
    tf.dispose([...parameters.values()]);

    assertEquals(problems.filter((problem) => problem !== undefined), []);
    assertEquals(tf.memory().numTensors, before);
    backend.check();
  });

  Deno.test(`squaredNorm() on ${backendName} follows the float64 sum over tensors of all shapes`, async () => {
    using backend = await startBackend(backendName);
    const before = tf.memory().numTensors;
    const inputs = SHAPES.map((shape, index) => normal(shape, index));
    const tensors = inputs.map(({ shape, values }) => tf.tensor(values.slice(), [...shape]));

    const sum = await squaredNorm(tensors);
    tf.dispose(tensors);

    const expected = inputs.flatMap(({ values }) => [...values]).reduce(
      (sum, value) => sum + value * value,
      0,
    );
    // As many numbers are added as there are in the largest; the error is a share of a sum without signs.
    const most = 2 + Math.sqrt(17 * 65);
    assertEquals(difference("the norm", [sum], [expected], most), undefined);
    assertEquals(tf.memory().numTensors, before);
    backend.check();
  });
}
