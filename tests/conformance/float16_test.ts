/**
 * The operations that take numbers stored as float16, forward and backward, with the cases of the suite and both
 * choices of kernels of a GPU, against float64.
 *
 * What goes in as float16 is rounded to it beforehand, so the reference sees the same numbers. What is left is the
 * rounding of what an operation stores: its result, and what its gradient is computed from. Gradients are of
 * float32.
 *
 * @module
 */
import { assertEquals, assertGreater } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { toFloat16, toFloat32 } from "../../core/tensor/float16.ts";
import { HAS_FLOAT16 } from "../fixtures/float16.ts";
import { OPERATIONS } from "./cases/all.ts";
import { type Case, type Input, normal, problemsOf, ROUNDING } from "./conformance.ts";
import * as reference from "./reference/numbers.ts";
import { VARIANTS } from "./variants.ts";

/** One rounding to float16, in roundings to float32. */
const HALF = 2 ** -11 / ROUNDING;

/** How a case is computed with float16. */
interface Storage {
  /** The inputs that are stored so; of the other ones, weights have a copy that is. */
  readonly stored: readonly number[];
  readonly copied?: readonly number[];
  /** Roundings to float16 in the result, beside those of the case, and in the gradients. */
  readonly roundings: number;
  readonly gradientRoundings?: number;
}

const STORED: Readonly<Record<string, Storage>> = {
  linear: { stored: [0], copied: [1], roundings: 1 },
  // What GELU sees is rounded too, and its slope is at most 1.13. Sums of up to 65 products of slopes that are.
  linearGelu: { stored: [0], copied: [1], roundings: 2.2, gradientRoundings: 8 },
  layerNorm: { stored: [0], roundings: 1 },
  gelu: { stored: [0], roundings: 1 },
  // The gradient is computed from the result.
  maskedSoftmax: { stored: [0], roundings: 1, gradientRoundings: 2 },
  dropout: { stored: [0], roundings: 1 },
  // Weights and what they add up to.
  attention: { stored: [0, 1, 2], roundings: 2, gradientRoundings: 8 },
};

function rounded({ shape, values }: Input): Input {
  return { shape, values: Float32Array.from(new Float16Array(values)) };
}

function withFloat16(one: Case, { stored, copied = [], roundings, gradientRoundings = 0 }: Storage): Case {
  return {
    ...one,
    inputs: one.inputs.map((input, index) => [...stored, ...copied].includes(index) ? rounded(input) : input),
    run: (...tensors) =>
      toFloat32(
        one.run(...tensors.map((tensor, index) => stored.includes(index) ? toFloat16(tensor) : tensor)),
      ),
    roundings: one.roundings + HALF * roundings,
    gradientRoundings: (one.gradientRoundings ?? one.roundings) + HALF * gradientRoundings,
  };
}

const ADD: readonly Case[] = [[1], [5], [3, 65], [2, 3, 7]].map((shape) => ({
  name: `of [${shape}]`,
  inputs: [normal(shape, 1), normal(shape, 2)],
  run: (a, b) => tf.add(a, b),
  reference: reference.add,
  roundings: 1,
}));

const ALL = [
  ...OPERATIONS.flatMap(({ name, cases }) => {
    const storage = STORED[name];
    return storage ? [{ name, cases: cases.map((one) => withFloat16(one, storage)) }] : [];
  }),
  { name: "add", cases: ADD.map((one) => withFloat16(one, { stored: [0, 1], roundings: 1 })) },
];

for (const { name: place, backendName, start } of VARIANTS) {
  if (backendName !== "webgpu" || place.endsWith("without kernels of ours")) continue;
  for (const { name, cases } of ALL) {
    Deno.test({
      name: `${name} on ${place} with float16 and its gradients follow the float64 reference`,
      ignore: !HAS_FLOAT16,
      async fn(context): Promise<void> {
        using backend = await start();
        for (const one of cases) {
          await context.step({
            name: one.name,
            ignore: one.skip?.webgpu !== undefined || one.inputs.some(({ shape }) => shape.includes(0)),
            fn: async () => assertEquals(await problemsOf(one, backend), []),
          });
        }
      },
    });
  }
}

Deno.test("every operation that is said to take float16 has cases", () => {
  assertEquals(Object.keys(STORED).filter((name) => !ALL.some((one) => one.name === name)), []);
  for (const { cases } of ALL) assertGreater(cases.length, 0);
});
