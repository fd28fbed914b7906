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
