/**
 * Checks that gradients flow through a head, and that they are right: as the guide's `test_gradient_flow` does, and
 * against finite differences.
 *
 * For tests of a head. It runs the head as the trainer does, on a tape that stays open across `await`, so a
 * forward pass that emits events can be checked as it is.
 *
 * @module
 */
import * as tf from "../../core/deps/tfjs.ts";
import { Random } from "../../core/tensor/random.ts";
import { Tape } from "../../core/tensor/tape.ts";
import type { HeadPort } from "./head.ts";

/** How gradients are checked. */
export interface GradientCheckOptions {
  /** Places of each parameter, and of the hidden states, that are moved. @default {6} */
  readonly places?: number;
  /**
   * How far they are moved. Float32 has 7 digits: much less drowns the difference, much more bends it.
   * @default {1e-2}
   */
  readonly epsilon?: number;
  /** Chooses the places. @default {0} */
  readonly seed?: number;
}

/** What was found. */
export interface GradientReport {
  /** Of the batch. */
  readonly loss: number;
  /** Parameter, or `hiddenStates` → the length of its gradient. */
  readonly norms: Readonly<Record<string, number>>;
  /** Those whose gradient is missing or zero everywhere: the loss does not depend on them. */
  readonly withoutGradient: readonly string[];
  /** Largest distance to the finite differences, as a share of the larger of both and of 1 % of the largest one. */
  readonly worstError: number;
  /** Where that is, for people. */
  readonly worstPlace: string;
}

/**
 * Compares the gradients of a head's loss with central differences, `(L(x + e) - L(x - e)) / 2e`. A gradient between
 * the differences to both sides, `(L(x + e) - L(x)) / e` and `(L(x) - L(x - e)) / e`, counts as right. Where it is not,
 * there may be a corner, as a ReLU has: then the difference is compared with the mean of the gradients in between.
 *
 * Dropout is off. The arguments stay the caller's, and so do the parameters, which are as before afterwards.
 *
 * @param hiddenStates as the head reads them
 * @param labels of the shape that its task has
 * @example
 * ```ts
 * import { gradientCheck } from "./gradient_check.ts";
 * import { HeadPort } from "./head.ts";
 * import { HeadConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import * as tf from "../../core/deps/tfjs.ts";
 * import { assertEquals, assertLess } from "../../core/deps/assert.ts";
 *
 * class TanhHead extends HeadPort {
 *   readonly #layer = this.layers.linear("layer", this.config.hidden_size, this.config.num_labels);
 *   override forward(hiddenStates: tf.Tensor): tf.Tensor {
 *     return this.#layer.apply(tf.tanh(hiddenStates));
 *   }
 * }
 *
 * await tf.setBackend("cpu");
 * const head = new TanhHead(HeadConfig({ name: "tanh", hidden_size: 3, num_labels: 2 }), new EventBus(), 1);
 * const report = await gradientCheck(head, tf.tensor2d([[1, -2, 0.5]]), tf.tensor1d([1], "int32"));
 * assertEquals([Object.keys(report.norms), report.withoutGradient], [["hiddenStates", "layer.weight", "layer.bias"], []]);
 * assertLess(report.worstError, 1e-2);
 * head.layers.dispose();
 * ```
 */
export async function gradientCheck(
  head: HeadPort,
  hiddenStates: tf.Tensor,
  labels: tf.Tensor,
  { places = 6, epsilon = 1e-2, seed = 0 }: GradientCheckOptions = {},
): Promise<GradientReport> {
  const states = tf.variable(hiddenStates); // moved as the parameters are, and freed in the end
  const subjects = new Map([["hiddenStates", states], ...head.layers.parameters]);
  const trainingStep = head.layers.trainingStep;
  head.layers.trainingStep = undefined;
  try {
    const { loss, gradients } = await gradientsOf(head, states, labels, subjects);
    const random = new Random(seed);
    const errors: { place: string; difference: number; size: number }[] = [];
    for (const [name, variable] of subjects) {
      const gradient = gradients.get(name);
      for (const at of placesOf(variable.size, places, random)) {
        const subject = { head, states, labels, name, variable, at, epsilon };
        const analytic = gradient?.[at] ?? 0;
        const { central, least, most } = await differences(subject, loss);
        const distance = Math.max(analytic - most, least - analytic, 0); // NaN stays NaN
        errors.push({
          place: `${name}[${at}]: ${analytic} by the tape, ${central} by differences`,
          difference: distance === 0 ? 0 : await distanceOverCorners(subject, central),
          size: Math.max(Math.abs(analytic), Math.abs(central)),
        });
      }
    }
    return { loss, ...summaryOf(subjects, gradients), ...worstOf(errors) };
  } finally {
    head.layers.trainingStep = trainingStep;
    states.dispose();
  }
}

async function gradientsOf(
  head: HeadPort,
  states: tf.Variable,
  labels: tf.Tensor,
  subjects: ReadonlyMap<string, tf.Variable>,
): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  using _scope = tensorScope();
  using tape = new Tape();
  const loss = head.getLossFunction()(await head.forward(states), labels);
  const found = tape.gradients(loss, undefined, [...subjects.values()]);
  const gradients = new Map<string, Float32Array>();
  for (const [index, name] of [...subjects.keys()].entries()) {
    const gradient = found[index];
    if (gradient) gradients.set(name, Float32Array.from(await gradient.data()));
  }
  return { loss: (await loss.data())[0]!, gradients };
}

/**
 * The differences to both sides, and the central one, which is their mean. Where the loss is smooth they are nearly
 * the same; beside the corner of a ReLU, the one that does not cross it is right.
 */
async function differences(
  { head, states, labels, variable, at, epsilon }: Subject,
  lossHere: number,
): Promise<{ central: number; least: number; most: number }> {
  const before = Float32Array.from(await variable.data());
  const lossAt = async (value: number): Promise<number> => {
    assign(variable, before.with(at, value));
    using _scope = tensorScope();
    return (await head.getLossFunction()(await head.forward(states), labels).data())[0]!;
  };
  const [high, low] = [Math.fround(before[at]! + epsilon), Math.fround(before[at]! - epsilon)];
  const [lossAbove, lossBelow] = [await lossAt(high), await lossAt(low)];
  assign(variable, before);
  const sides = [(lossAbove - lossHere) / (high - before[at]!), (lossHere - lossBelow) / (before[at]! - low)];
  return {
    central: (lossAbove - lossBelow) / (high - low),
    least: Math.min(...sides),
    most: Math.max(...sides),
  };
}

/**
 * How far the central difference is from the mean of the gradients on its way, which it equals for right gradients,
 * whatever corners are passed; less what so many gradients can miss of these corners. One that is wrong by a factor is
 * wrong by it all the way.
 */
async function distanceOverCorners(
  { head, states, labels, name, variable, at, epsilon }: Subject,
  central: number,
): Promise<number> {
  const before = Float32Array.from(await variable.data());
  const gradientAt = async (share: number): Promise<number> => {
    assign(variable, before.with(at, before[at]! + epsilon * share));
    const { gradients } = await gradientsOf(head, states, labels, new Map([[name, variable]]));
    return gradients.get(name)?.[at] ?? 0;
  };
  const way: number[] = [await gradientAt(-1)];
  for (let part = 0; part < PARTS; part++) way.push(await gradientAt((2 * part + 1) / PARTS - 1));
  way.push(await gradientAt(1));
  assign(variable, before);
  const mean = way.slice(1, -1).reduce((sum, one) => sum + one, 0) / PARTS;
  const jumps = way.slice(1).reduce((sum, one, index) => sum + Math.abs(one - way[index]!), 0);
  return Math.max(Math.abs(mean - central) - jumps / (2 * PARTS), 0); // the error of the midpoint rule
}

/** Gradients that the mean is made of. */
const PARTS = 16;

/** One number that is moved. */
interface Subject {
  readonly head: HeadPort;
  readonly states: tf.Variable;
  readonly labels: tf.Tensor;
  readonly name: string;
  readonly variable: tf.Variable;
  readonly at: number;
  readonly epsilon: number;
}

function assign(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
}

/** All places of a small tensor, some of a large one. */
function placesOf(size: number, places: number, random: Random): number[] {
  if (size <= places) return [...Array(size).keys()];
  return [...new Set(Array.from({ length: places }, () => random.below(size)))];
}

function summaryOf(
  subjects: ReadonlyMap<string, tf.Variable>,
  gradients: ReadonlyMap<string, Float32Array>,
): Pick<GradientReport, "norms" | "withoutGradient"> {
  const norms = [...subjects.keys()].map((name) => [name, lengthOf(gradients.get(name) ?? [])] as const);
  return {
    norms: Object.fromEntries(norms),
    withoutGradient: norms.filter(([, norm]) => norm === 0).map(([name]) => name),
  };
}

/** Not `Math.hypot`, which takes no more numbers than a call takes arguments. */
function lengthOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

function worstOf(
  errors: readonly { place: string; difference: number; size: number }[],
): Pick<GradientReport, "worstError" | "worstPlace"> {
  const floor = Math.max(...errors.map(({ size }) => size)) / 100;
  let [worstError, worstPlace] = [0, "nowhere"];
  for (const { place, difference, size } of errors) {
    const error = difference / Math.max(size, floor, Number.MIN_VALUE);
    if (!(error <= worstError)) [worstError, worstPlace] = [error, place]; // NaN is the worst of all
  }
  return { worstError, worstPlace };
}

/** Everything that is made until it is disposed of is freed then, across awaits. */
function tensorScope(): Disposable {
  tf.engine().startScope();
  return { [Symbol.dispose]: () => tf.engine().endScope() };
}
