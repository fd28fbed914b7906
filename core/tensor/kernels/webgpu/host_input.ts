/**
 * How numbers that differ from step to step come from the host into a kernel.
 *
 * They are asked for with a function and not handed over: whoever repeats the dispatches of a step for other
 * inputs can ask again, and everything else about the dispatches stays as it was. For that, a shape may
 * follow from the count of what is put in and never from its values.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";

/** The numbers of each dtype. */
export interface HostNumbers {
  float32: Float32Array;
  int32: Int32Array;
}

/**
 * A tensor with the numbers that `fill` answers. It is the caller's, or that of the tidy it is made in.
 *
 * @param fill answers as many numbers as the shape has, at every call
 *
 * @example
 * ```ts
 * import { hostInput } from "./host_input.ts";
 * import * as tf from "../../../deps/tfjs.ts";
 * import { assertEquals } from "../../../deps/assert.ts";
 *
 * await tf.setBackend("cpu");
 * const ids = hostInput([2], "int32", () => Int32Array.of(7, 2));
 *
 * assertEquals([...ids.dataSync()], [7, 2]);
 * ids.dispose();
 * ```
 */
export function hostInput<Type extends keyof HostNumbers>(
  shape: readonly number[],
  dtype: Type,
  fill: () => HostNumbers[Type],
): tf.Tensor {
  return tf.tensor(fill(), [...shape], dtype);
}
