/**
 * The references themselves: their gradients against finite differences, and values that are known.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertLessOrEqual } from "../../../core/deps/assert.ts";
import { Random } from "../../../core/tensor/random.ts";
import { OPERATIONS } from "../cases/all.ts";
import { type Case, expectedOf, isDifferentiated } from "../conformance.ts";
import { Array64 } from "./array64.ts";
import { normalShare } from "./numbers.ts";
import { gelu, layerNorm, softmax } from "./layers.ts";
import { matMul } from "./shapes.ts";

/** Small enough that a corner, which is 0.01 away at least, is not crossed. */
const STEP = 1e-4;
/** Next to the -1e9 of padding a step of a score is lost in float32, which the reference follows. */
const PADDED = -200;

for (const { name, cases } of OPERATIONS) {
  Deno.test(`the reference of ${name} has the gradients that finite differences have`, () => {
    for (const one of cases.filter(({ isFlat }) => !isFlat)) checkDirection(one);
  });
}

/** Along a random direction u, `(f(x + hu) - f(x - hu)) / 2h = <gradient, u> + O(h²)`, for `f = <y, dy>`. */
function checkDirection(one: Case): void {
  const inputs = one.inputs.map(({ shape, values }) => ({
    shape,
    values: values.map((value) => Math.max(value, PADDED)) as typeof values,
  }));
  const { dy, gradients } = expectedOf({ ...one, inputs });
  const random = new Random(3);
  const directions = inputs.map(({ values }, index) =>
    Float64Array.from(
      values,
      () => isDifferentiated(one, index) ? Math.max(-2, Math.min(2, random.normal())) : 0,
    )
  );
  const valueAt = (step: number): number => {
    const moved = inputs.map(({ shape, values }, index) =>
      new Array64(
        shape,
        Float64Array.from(values, (value, at) => value + step * directions[index]![at]!),
      )
    );
    return dot(one.reference(...moved).data, dy);
  };

  const measured = (valueAt(STEP) - valueAt(-STEP)) / (2 * STEP);
  const along = directions.filter((_, index) => isDifferentiated(one, index));
  const computed = gradients.reduce((sum, gradient, index) => sum + dot(gradient, along[index]!), 0);

  // The third derivatives, times h² / 6, of sums of up to some hundred numbers that are near 1.
  const size = Math.max(
    1,
    ...gradients.map((gradient, index) => Math.abs(dot(gradient.map(Math.abs), along[index]!.map(Math.abs)))),
  );
  assertLessOrEqual(Math.abs(measured - computed) / size, 1e-5, `${one.name}: ${measured}, ${computed}`);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);
}

Deno.test("the references give values that are known", () => {
  const values = ({ data }: Array64): number[] => [...data];
  const [two, one] = [new Array64([2, 2], [1, 2, 3, 4]), new Array64([1], [1])];

  assertEquals(values(matMul(two, two)), [7, 10, 15, 22]);
  assertEquals(values(matMul(two, two, { a: true })), [10, 14, 14, 20]);
  assertEquals(values(matMul(two, two, { b: true })), [5, 11, 11, 25]);
  assertEquals(values(softmax(new Array64([2], [3, 3]))), [0.5, 0.5]);
  assertEquals(values(layerNorm(new Array64([2], [1, 3]), one, new Array64([1], [5]), 0)), [4, 6]);
  // Tables of the normal distribution: Φ(1), Φ(-1.96).
  assertAlmostEquals(normalShare(1), 0.8413447460685429, 1e-14);
  assertAlmostEquals(normalShare(-1.96), 0.024997895148220435, 1e-14);
  assertAlmostEquals(values(gelu(one))[0]!, 0.8413447460685429, 1e-14);
});
