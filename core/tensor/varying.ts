/**
 * Values that are not the same at every replay of a captured computation (capture.ts).
 *
 * A replay runs no code of the computation; all that it may ask again are functions. So whatever changes from
 * step to step, the tokens, the seed of a dropout, a learning rate, is handed down as a function, and is asked
 * for where it goes to the device.
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";

/** A value, or a function that answers the one of this moment. */
export type Varying<Value> = Value | (() => Value);

/**
 * The value of this moment.
 *
 * @example
 * ```ts
 * import { now } from "./varying.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * let step = 1;
 * const seed = () => 10 * step;
 * step++;
 *
 * assertEquals([now(seed), now(7)], [20, 7]);
 * ```
 */
export function now<Value>(varying: Varying<Value>): Value {
  return typeof varying === "function" ? (varying as () => Value)() : varying;
}

/** What a tensor can be made of. */
export type HostNumbers = Float32Array | Int32Array;

/** The numbers of each type. */
interface NumbersOf {
  float32: Float32Array;
  int32: Int32Array;
}

const fills = new WeakMap<object, () => HostNumbers>();

/**
 * A tensor of numbers from ordinary memory. It is the caller's, or that of the tidy it is made in.
 *
 * Inside of a captured computation every tensor that is made of numbers has to come from here: the function
 * is asked again at each replay, and has to answer as many numbers as the first time. A shape may follow from the
 * count of numbers and never from their values.
 *
 * @example
 * ```ts
 * import { hostInput } from "./varying.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const ids = hostInput([2, 1], "int32", () => Int32Array.of(7, 8));
 *
 * assertEquals([ids.dtype, ...ids.dataSync()], ["int32", 7, 8]);
 * ids.dispose();
 * ```
 */
export function hostInput<Type extends keyof NumbersOf>(
  shape: readonly number[],
  dtype: Type,
  fill: () => NumbersOf[Type],
): tf.Tensor {
  const tensor = tf.tensor(fill(), [...shape], dtype);
  fills.set(tensor.dataId, fill);
  return tensor;
}

/** Where the numbers of a tensor of {@linkcode hostInput} come from, by its data; undefined for any other. */
export function fillOf(dataId: object): (() => HostNumbers) | undefined {
  return fills.get(dataId);
}
