/**
 * Numbers of half the bytes, where the adapter has them: a tensor that is stored as float16 passes through linear
 * layers, attention, LayerNorm, GELU, dropout and additions as such.
 *
 * Only memory is halved. Sums and functions are computed in float32, and gradients are of float32, so that a loss
 * needs no scaling: the smallest float16 is 6e-8, and gradients are smaller. Parameters stay float32 as well; a
 * linear layer makes a copy of its weight for each pass, which therefore cannot be that of another update.
 *
 * @see Micikevicius et al. 2018, "Mixed precision training", https://arxiv.org/abs/1710.03740
 *
 * @module
 */
import * as tf from "../deps/tfjs.ts";
import { KBertError } from "../wall/errors.ts";
import { storeAs } from "./kernels/webgpu/float16.ts";

/** How numbers that flow through a model are stored. */
export type Precision = "float32" | "float16";

/**
 * The same numbers, stored as float16: rounded to 11 bits (by a share of 2^-11 at most, of 2^-10 on a device that
 * cuts off), below 6e-8 to zero. What is over 65,504 does not fit; it is infinite where the device has infinity.
 * The gradient is that of the result. The caller's.
 *
 * Operations of tfjs refuse such a tensor (`tensor/unsupported`), other than `add` of two of them and those that
 * only change the shape.
 *
 * @throws {KBertError} `backend/unavailable`, as {@linkcode requirePrecision}
 *
 * @example A third, where the machine has such numbers
 * ```ts
 * import { toFloat16, toFloat32 } from "./float16.ts";
 * import { startBackend } from "./backend.ts";
 * import * as tf from "../deps/tfjs.ts";
 * import { assertAlmostEquals } from "../deps/assert.ts";
 *
 * const adapter = await navigator.gpu?.requestAdapter();
 * if (adapter?.features.has("shader-f16")) {
 *   using _backend = await startBackend("webgpu");
 *   const third = tf.tidy(() => toFloat32(toFloat16(tf.scalar(1 / 3))));
 *   assertAlmostEquals((await third.data())[0]!, 1 / 3, 2 ** -11 / 3);
 *   third.dispose();
 * }
 * ```
 */
export function toFloat16(x: tf.Tensor): tf.Tensor {
  requirePrecision("float16");
  return storeAs("f16", x);
}

/** The same numbers, stored as float32; of a tensor that is stored so already, a clone. The caller's. */
export function toFloat32(x: tf.Tensor): tf.Tensor {
  return tf.getBackend() === "webgpu" ? storeAs("f32", x) : tf.clone(x);
}

/**
 * Refuses what the current backend cannot store.
 *
 * @throws {KBertError} `backend/unavailable` with the reason
 */
export function requirePrecision(precision: Precision): void {
  const reason = whyNot(precision);
  if (reason === undefined) return;
  const message = `Cannot store numbers with precision ${precision}: ${reason}; use precision: float32`;
  throw new KBertError("backend/unavailable", message, { backend: tf.getBackend(), reason });
}

function whyNot(precision: Precision): string | undefined {
  if (precision === "float32") return undefined;
  const name = tf.getBackend();
  if (name !== "webgpu") return `it needs the backend webgpu, and this one is ${name}`;
  const { device } = tf.backend() as unknown as { readonly device: GPUDevice };
  return device.features.has("shader-f16") ? undefined : "the GPU adapter has no shader-f16";
}
