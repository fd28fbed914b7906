/**
 * Makes a crash of the whole process an error: `getMappedRange()` of a buffer that was never mapped.
 *
 * Deno 2.9.6 panics there, in three lines of a worker without any right. A plugin that computes on the
 * graphics card has the device at hand (its backend leads to it), so the method itself is guarded.
 *
 * @module
 */

/** Called before the plugin's code; whatever it is called on afterwards has to be mapped. */
export function guardMappedRange(): void {
  const { prototype } = GPUBuffer;
  const { getMappedRange } = prototype;
  // The state itself: a property of the same name on a buffer says what the plugin likes.
  const stateOf = Object.getOwnPropertyDescriptor(prototype, "mapState")!.get!;
  const { apply } = Reflect;

  function guarded(this: GPUBuffer, ...args: [offset?: number, size?: number]): ArrayBuffer {
    if (apply(stateOf, this, []) !== "mapped") {
      throw new TypeError("getMappedRange() needs a buffer that is mapped: await mapAsync() before");
    }
    return apply(getMappedRange, this, args);
  }
  Object.defineProperty(prototype, "getMappedRange", {
    value: guarded,
    writable: false,
    configurable: false,
  });
}
