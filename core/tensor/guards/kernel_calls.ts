/**
 * How a guard gets between tfjs and one of its kernels.
 *
 * The registry of kernels belongs to the realm, not to a backend, so a guard is put there once and stays; that
 * a backend is started ten times does not wrap a kernel ten times.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";

/** The part of a backend that guards use; semi-private, pinned with tfjs. */
export interface KernelBackend {
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType, values?: tf.TypedArray): tf.TensorInfo;
  disposeData(dataId: object): boolean;
}

/** What a kernel is called with. */
export interface KernelCall<Attributes = Record<string, unknown>> {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Attributes;
  readonly backend: KernelBackend;
}

/** A kernel with one output. */
export type Kernel<Attributes = Record<string, unknown>> = (call: KernelCall<Attributes>) => tf.TensorInfo;

/**
 * Puts a guard around a kernel. It is to be called once for each.
 *
 * @param wrap gets the kernel that was there, and answers the one that is called from now on
 */
export function guardKernel<Attributes>(
  name: string,
  backend: string,
  wrap: (original: Kernel<Attributes>) => Kernel<Attributes>,
): void {
  const config = tf.getKernel(name, backend);
  config.kernelFunc = wrap(config.kernelFunc as unknown as Kernel<Attributes>) as unknown as tf.KernelFunc;
}

/** Calls another kernel of the same backend. */
export function callKernel(
  name: string,
  backend: KernelBackend,
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attrs: Readonly<Record<string, unknown>>,
): tf.TensorInfo {
  const { kernelFunc } = tf.getKernel(name, tf.getBackend());
  return (kernelFunc as unknown as Kernel)({ inputs, attrs, backend });
}
