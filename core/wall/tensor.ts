/**
 * A tensor that lives in ordinary memory: what files, checkpoints and the wall carry.
 *
 * @module
 */

/** Numbers in row-major order with their shape. */
export interface HostTensor {
  readonly dtype: "float32" | "int32";
  readonly shape: readonly number[];
  /** Float32Array for `float32`, Int32Array for `int32`; as many numbers as the shape has places. */
  readonly data: Float32Array | Int32Array;
}

/** The number of places of a shape; 1 for the empty shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Whether a value is a {@linkcode HostTensor} whose parts agree with each other. */
export function isHostTensor(value: unknown): value is HostTensor {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data } = value as Partial<HostTensor>;
  const fits = dtype === "float32" && data instanceof Float32Array ||
    dtype === "int32" && data instanceof Int32Array;
  return fits && Array.isArray(shape) &&
    shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0) &&
    sizeOf(shape) === data.length;
}
