import { BACKENDS } from "../../../../tests/fixtures/backends.ts";
import { assertAlmostEquals, assertEquals, assertLessOrEqual, assertThrows } from "../../../deps/assert.ts";
import * as tf from "../../../deps/tfjs.ts";
import { startBackend } from "../../backend.ts";
import { attention } from "../../operations.ts";
import { Random } from "../../random.ts";
import { useWebGpuKernels } from "./kernels.ts";

const ignore = !BACKENDS.includes("webgpu");

/** Batch, length, heads and numbers of one head; the last can be multiplied four numbers at a time. */
const SHAPES = [[1, 1, 1, 1], [2, 3, 2, 5], [3, 7, 1, 3], [2, 8, 3, 4]] as const;

interface Inputs {
  readonly query: Float32Array;
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly bias: Float32Array;
  readonly dy: Float32Array;
}

function inputsOf([batch, length, heads, width]: typeof SHAPES[number], deviation = 1): Inputs {
  const random = new Random(batch * 100 + length);
  const numbers = (): Float32Array =>
    Float32Array.from({ length: batch * length * heads * width }, () => random.normal() * deviation);
  // The last sequence is half padding; the first token is never.
  const bias = Float32Array.from(
    { length: batch * length },
    (_, index) => index >= (batch - 1) * length && index % length > length / 2 ? -1e9 : 0,
  );
  return { query: numbers(), key: numbers(), value: numbers(), bias, dy: numbers() };
}

/** Context and the gradients of query, key and value, for all shapes; one start, as shaders compile for each. */
async function run(
  backendName: "webgpu" | "cpu",
  inputs: readonly Inputs[],
  rate: number,
  isSoftware = true,
): Promise<Float32Array[][]> {
  using backend = await startBackend(backendName);
  if (backendName === "webgpu") useWebGpuKernels(true, { isSoftware });
  const results: Float32Array[][] = [];
  for (const [index, shape] of SHAPES.entries()) results.push(await attend(shape, inputs[index]!, rate));
  backend.check();
  return results;
}

async function attend(
  [batch, length, heads, width]: typeof SHAPES[number],
  inputs: Inputs,
  rate: number,
): Promise<Float32Array[]> {
  const shape: [number, number] = [batch * length, heads * width];
  const [query, key, value, dy] = [inputs.query, inputs.key, inputs.value, inputs.dy].map((values) =>
    tf.tensor(values, shape)
  ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const bias = tf.tensor(inputs.bias, [batch, 1, 1, length]);
  const before = tf.memory().numTensors;
  const one = (query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor =>
    attention(query, key, value, bias, { heads, rate, random: new Random(3) });
  const context = one(query, key, value);
  const gradients = tf.grads((q, k, v) => one(q!, k!, v!))([query, key, value], dy);
  assertEquals(tf.memory().numTensors, before + 4);
  const results = await Promise.all([context, ...gradients].map(async (x) => (await x.data()).slice()));
  tf.dispose([query, key, value, dy, bias, context, ...gradients]);
  return results as Float32Array[];
}

for (const [kind, rate] of [["software", 0], ["software", 0.4], ["real", 0.4]] as const) {
  Deno.test({
    name: `attention() on a ${kind} GPU and its gradients equal the composition on cpu with dropout ${rate}`,
    ignore,
    fn: async () => {
      const inputs = SHAPES.map((shape) => inputsOf(shape));
      const actual = await run("webgpu", inputs, rate, kind === "software");
      const expected = await run("cpu", inputs, rate);
      for (const [which, shape] of SHAPES.entries()) {
        expected[which]!.forEach((values, result) => {
          const largest = Math.max(1, ...values.map(Math.abs));
          values.forEach((value, index) => {
            const error = Math.abs(actual[which]![result]![index]! - value) / largest;
            // Sums of some tens of products of size 1, rounded by 6e-8 each, in another order.
            assertLessOrEqual(error, 2e-6, `${shape}, result ${result} at ${index}`);
          });
        });
      }
    },
  });
}

/** Attention of one sequence after the other in float64. */
function referenceLoss([batch, length, heads, width]: typeof SHAPES[number], inputs: Inputs): number {
  const hidden = heads * width;
  let loss = 0;
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let head = 0; head < heads; head++) {
      const at = (token: number, index: number): number =>
        (sequence * length + token) * hidden + head * width + index;
      for (let token = 0; token < length; token++) {
        const logits = Array.from({ length }, (_, other) => {
          let product = 0;
          for (let d = 0; d < width; d++) product += inputs.query[at(token, d)]! * inputs.key[at(other, d)]!;
          return product / Math.sqrt(width) + inputs.bias[sequence * length + other]!;
        });
        const highest = Math.max(...logits);
        const powers = logits.map((logit) => Math.exp(logit - highest));
        const sum = powers.reduce((total, power) => total + power);
        for (let d = 0; d < width; d++) {
          const context = powers.reduce(
            (total, power, other) => total + power / sum * inputs.value[at(other, d)]!,
            0,
          );
          loss += context * inputs.dy[at(token, d)]!;
        }
      }
    }
  }
  return loss;
}

Deno.test({
  name: "attention() on webgpu has the gradients of finite differences in float64",
  ignore,
  fn: async () => {
    const all = SHAPES.map((shape) => inputsOf(shape, 0.7));
    const results = await run("webgpu", all, 0);
    for (const [which, shape] of SHAPES.entries()) {
      const inputs = all[which]!;
      const [context, ...gradients] = results[which]!;

      const loss = context!.reduce((sum, value, index) => sum + value * inputs.dy[index]!, 0);
      assertAlmostEquals(loss, referenceLoss(shape, inputs), 1e-5);
      for (const [input, name] of (["query", "key", "value"] as const).entries()) {
        const values = inputs[name];
        for (const index of [0, values.length >> 1, values.length - 1]) {
          const moved = (by: number): number =>
            referenceLoss(shape, {
              ...inputs,
              [name]: Float64Array.from(values, (x, i) => i === index ? x + by : x),
            });
          const slope = (moved(1e-4) - moved(-1e-4)) / 2e-4; // off by about 1e-8 of a third derivative
          assertAlmostEquals(gradients[input]![index]!, slope, 5e-6, `${shape}, ${name} at ${index}`);
        }
      }
    }
  },
});

Deno.test({
  name: "attention() on webgpu refuses a hidden size that the heads do not divide",
  ignore,
  fn: async () => {
    using _backend = await startBackend("webgpu");
    useWebGpuKernels(true);
    const [x, bias] = [tf.ones([2, 5]), tf.zeros([1, 1, 1, 2])];
    assertThrows(() => attention(x, x, x, bias, { heads: 2 }), Error, "expected [2,4]");
    tf.dispose([x, bias]);
  },
});
