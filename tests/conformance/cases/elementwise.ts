/**
 * Operations on each number by itself.
 *
 * Roundings: the result is rounded once. WGSL lets a division be wrong by 2.5 units in the last place (5
 * roundings), a root by 2, and an exponential or a logarithm by 3 and more for large arguments; what is made of
 * several of these has their sum. The gradient multiplies once or twice more.
 *
 * @module
 */
import * as tf from "../../../core/deps/tfjs.ts";
import { besides, type Case, type Input, normal, type Operation, positive, whole } from "../conformance.ts";
import { type Array64, both, each, scalar } from "../reference/array64.ts";
import * as reference from "../reference/numbers.ts";

/** No axis, a prime beyond the workgroup of 256, one more than a workgroup of 64, axes of one, four axes. */
const SHAPES = [[], [257], [5, 13], [3, 1, 7], [2, 3, 1, 5]];

function ofOne(
  name: string,
  run: (x: tf.Tensor) => tf.Tensor,
  formula: (x: Array64) => Array64,
  roundings: number,
  input: (shape: readonly number[]) => Input = normal,
): Operation {
  const cases = SHAPES.map((shape): Case => ({
    name: `of [${shape}]`,
    inputs: [input(shape)],
    run,
    reference: formula,
    roundings,
  }));
  return { name, cases };
}

/** The shapes are broadcast, as in NumPy; each side is the smaller one once. */
const PAIRS: readonly (readonly [number[], number[]])[] = [
  [[], []],
  [[257], [257]],
  [[5, 13], [13]],
  [[1], [3, 5]],
  [[3, 1], [1, 7]],
  [[2, 1, 5], [3, 1]],
  [[2, 3, 1, 5], [1, 3, 7, 1]],
];

function ofTwo(
  name: string,
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  formula: (a: Array64, b: Array64) => Array64,
  roundings: number,
  inputs: readonly [typeof normal, typeof normal] = [normal, normal],
): Operation {
  const cases = PAIRS.map(([a, b]): Case => ({
    name: `of [${a}] and [${b}]`,
    inputs: [inputs[0](a, 1), inputs[1](b, 2)],
    run,
    reference: formula,
    roundings,
    // Up to 30 numbers are added up where an input was broadcast.
    gradientRoundings: roundings + 40,
  }));
  return { name, cases };
}

const squaredDifference = (a: Array64, b: Array64): Array64 => reference.square(reference.sub(a, b));

/** See the module's text. */
export const ELEMENTWISE: readonly Operation[] = [
  ofOne("neg", tf.neg, (x) => reference.times(x, -1), 1),
  ofOne("square", tf.square, reference.square, 3),
  ofOne("sqrt", tf.sqrt, (x) => each(x, Math.sqrt, (_, y) => 0.5 / y), 8, positive),
  ofOne("rsqrt", tf.rsqrt, reference.rsqrt, 12, positive),
  ofOne("exp", tf.exp, reference.exp, 16),
  ofOne("log", tf.log, reference.log, 12, positive),
  ofOne("abs", tf.abs, (x) => each(x, Math.abs, Math.sign), 1, (shape) => besides([0], shape)),
  ofOne("tanh", tf.tanh, (x) => each(x, Math.tanh, (_, y) => 1 - y * y), 16),
  ofOne("relu", tf.relu, reference.relu, 1, (shape) => besides([0], shape)),
  // Its polynomial (Abramowitz and Stegun 7.1.26) is right to 1.5e-7.
  ofOne("erf", tf.erf, reference.erf, 24),
  ofOne("softplus", tf.softplus, reference.softplus, 16),
  ofOne("sigmoid", tf.sigmoid, (x) => each(x, (x) => 1 / (1 + Math.exp(-x)), (_, y) => y * (1 - y)), 16),
  ofOne(
    "clipByValue",
    (x) => tf.clipByValue(x, -0.5, 0.5),
    (x) => each(x, (x) => Math.min(0.5, Math.max(-0.5, x)), (x) => Math.abs(x) <= 0.5 ? 1 : 0),
    1,
    (shape) => besides([-0.5, 0.5], shape),
  ),
  ofOne("clone", tf.clone, (x) => reference.times(x, 1), 0),

  ofTwo("add", tf.add, reference.add, 1),
  ofTwo("sub", tf.sub, reference.sub, 1),
  ofTwo("mul", tf.mul, reference.mul, 1),
  ofTwo("div", tf.div, reference.div, 12, [normal, positive]),
  ofTwo("maximum", tf.maximum, reference.maximum, 0),
  ofTwo("minimum", tf.minimum, reference.minimum, 0),
  ofTwo("squaredDifference", tf.squaredDifference, squaredDifference, 3),
  // x^y is 2^(y log2 x): the exponent is wrong by a share of up to 8 units, and the power by that many more.
  ofTwo("pow", tf.pow, reference.pow, 64, [positive, positive]),
  {
    name: "pow with a number",
    cases: [0, 0.5, 2, 3].map((exponent): Case => ({
      name: `${exponent}`,
      inputs: [positive([5, 13])],
      run: (x) => tf.pow(x, exponent),
      reference: (x) => reference.pow(x, scalar(exponent)),
      roundings: 64,
    })),
  },
  {
    name: "addN",
    cases: [[7], [2, 3, 5]].map((shape): Case => ({
      name: `of four of [${shape}]`,
      inputs: [1, 2, 3, 4].map((seed) => normal(shape, seed)),
      run: (...xs) => tf.addN(xs),
      reference: (...xs) => xs.reduce(reference.add),
      roundings: 3,
    })),
  },
  ofLabels("equal", tf.equal, (a, b) => a === b),
  ofLabels("greater", tf.greater, (a, b) => a > b),
];

type Holds = (a: number, b: number) => boolean;

/** As the losses compare labels with classes: whole numbers, cast to float32. */
function ofLabels(name: string, compare: typeof tf.equal, holds: Holds): Operation {
  const labels = [3, 0, -100, 2, 5, 1, 4];
  const cases = [1, 5, 65].map((classes): Case => ({
    name: `of int32 [7, 1] and [${classes}], cast to float32`,
    inputs: [whole(labels, [7, 1]), whole(Array.from({ length: classes }, (_, index) => index))],
    isFlat: true,
    run: (a, b) => tf.cast(compare(a, b), "float32"),
    reference: (a, b) => both(a, b, (a, b) => Number(holds(a, b)), () => [0, 0]),
    roundings: 0,
  }));
  return { name, cases };
}
