/**
 * Programs that are the same but for the types of their numbers: one is made for each choice, when it is first
 * asked for.
 *
 * @module
 */
import type { ElementType } from "./program.ts";

/**
 * Keeps what `make` answers for the same types.
 *
 * @example
 * ```ts
 * import { perType } from "./per_type.ts";
 * import type { FloatType } from "./program.ts";
 * import { assert } from "../../../deps/assert.ts";
 *
 * const named = perType((x: FloatType, y: FloatType) => ({ name: `${x} to ${y}` }));
 *
 * assert(named("f32", "f16") === named("f32", "f16"));
 * assert(named("f32", "f16") !== named("f16", "f32"));
 * ```
 */
export function perType<Types extends readonly ElementType[], Made>(
  make: (...types: Types) => Made,
): (...types: Types) => Made {
  const made = new Map<string, Made>();
  return (...types) => {
    const key = types.join();
    let one = made.get(key);
    if (one === undefined) made.set(key, one = make(...types));
    return one;
  };
}
