import { assertEquals } from "../core/deps/assert.ts";
import type * as tf from "../core/deps/tfjs.ts";
import type { HostTensor } from "../core/wall/tensor.ts";
import { fittingParts, type HeadMemory, lossesOf, zeros } from "./head_memory.ts";

/** A tensor of a shape, all of whose numbers are the same. */
function filled(value: number, ...shape: number[]): HostTensor {
  return { dtype: "float32", shape, data: zeros(shape).data.map(() => value) as Float32Array };
}

/** Parameters of the version that takes over; only their shapes are looked at. */
function own(shapes: Record<string, number[]>): ReadonlyMap<string, tf.Tensor> {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, { shape } as tf.Tensor]));
}

/** A head with a weight and a bias, in the middle of a step. */
const MEMORY: HeadMemory = {
  parameters: { weight: filled(1, 2, 3), bias: filled(2, 2) },
  moments: {
    "weight.first": filled(3, 2, 3),
    "weight.second": filled(4, 2, 3),
    "bias.first": filled(5, 2),
    "bias.second": filled(6, 2),
  },
  updates: 7,
  gradients: { weight: filled(8, 2, 3), bias: filled(9, 2) },
  reads: "cls",
  task: "classification",
};

const SAME = { weight: [2, 3], bias: [2] };

Deno.test("lossesOf() finds none in a head with the same parameters, in whichever order", () => {
  assertEquals(lossesOf(MEMORY, own(SAME)), []);
  assertEquals(lossesOf(MEMORY, own({ bias: [2], weight: [2, 3] })), []);
});

Deno.test("lossesOf() tells of each parameter that has another shape, is new, or is gone", () => {
  assertEquals(lossesOf(MEMORY, own({ weight: [3, 2], scale: [] })), [
    "the weights of weight, whose shape is [3,2]: it had [2,3]",
    "the weights of scale, whose shape is []: it is new",
    "the weights of bias: there is no such parameter",
  ]);
});

Deno.test("lossesOf() takes no property that every object has for a parameter", () => {
  assertEquals(lossesOf(MEMORY, own({ ...SAME, constructor: [2] })), [
    "the weights of constructor, whose shape is [2]: it is new",
  ]);
});

Deno.test("fittingParts() takes all of a head with the same parameters over", () => {
  const { weights, moments, gradients } = fittingParts(MEMORY, own(SAME));

  assertEquals(Object.fromEntries(weights), MEMORY.parameters);
  assertEquals(Object.fromEntries(moments), MEMORY.moments);
  assertEquals(Object.fromEntries(gradients), MEMORY.gradients);
});

Deno.test("fittingParts() leaves out what has another shape, and begins its moments at zero", () => {
  const { weights, moments, gradients } = fittingParts(MEMORY, own({ weight: [2, 3], bias: [4], gain: [1] }));

  assertEquals([...weights.keys()], ["weight"]);
  assertEquals([...gradients.keys()], ["weight"]);
  assertEquals(Object.fromEntries(moments), {
    "weight.first": filled(3, 2, 3),
    "weight.second": filled(4, 2, 3),
    "bias.first": filled(0, 4),
    "bias.second": filled(0, 4),
    "gain.first": filled(0, 1),
    "gain.second": filled(0, 1),
  });
});

Deno.test("fittingParts() has moments for every parameter also before the first update, and no gradients between steps", () => {
  const before = { ...MEMORY, moments: {}, updates: 0, gradients: {} };

  const { moments, gradients } = fittingParts(before, own(SAME));

  assertEquals([...moments.values()].map(({ shape, data }) => [shape, data.every((value) => value === 0)]), [
    ...[[[2, 3], true], [[2, 3], true], [[2], true], [[2], true]],
  ]);
  assertEquals(gradients.size, 0);
});

Deno.test("zeros() makes a tensor of any shape, a scalar too", () => {
  assertEquals(zeros([2, 2]), { dtype: "float32", shape: [2, 2], data: Float32Array.of(0, 0, 0, 0) });
  assertEquals(zeros([]), { dtype: "float32", shape: [], data: Float32Array.of(0) });
  assertEquals(zeros([0, 5]).data.length, 0);
});
