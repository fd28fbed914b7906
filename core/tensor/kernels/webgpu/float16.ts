/**
 * Between float32 and float16 on the GPU, and the sum of two tensors of float16, for which tfjs' own `Add` has
 * no program. A gradient is of float32 always, so the passes back through these are the gradient itself.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { differentiable } from "../differentiable.ts";
import { elementGroups, elementMain } from "./elements.ts";
import { gpu } from "./gpu.ts";
import { perType } from "./per_type.ts";
import { defineProgram, type FloatType } from "./program.ts";

/** x with its numbers stored so, rounded to the nearest; the caller's. Differentiable. */
export function storeAs(type: FloatType, x: tf.Tensor): tf.Tensor {
  return differentiable((_save, x) => [convert(x!, type), (dy) => [tf.clone(dy)]])(x);
}

/** {@linkcode storeAs} without a tape; x itself, and nobody else's, if it is stored so already. */
export function convert(x: tf.Tensor, type: FloatType): tf.Tensor {
  const from = gpu().floatTypeOf(x);
  if (from === type) return tf.clone(x);
  const y = gpu().allocate(x.shape, type);
  const [buffers, uniforms] = [{ x, y }, { size: x.size }];
  if (x.size > 0) gpu().run(conversion(from, type), { buffers, uniforms, workgroups: elementGroups(x.size) });
  return y;
}

/** tfjs' kernel `Add`. */
type Add = (call: { inputs: { a: tf.TensorInfo; b: tf.TensorInfo }; backend: unknown }) => tf.TensorInfo;

/** In place of tfjs' kernel: two tensors of float16 and of one shape have a sum of float16. */
function addWith(previous: Add): Add {
  return (call) => {
    const { a, b } = call.inputs;
    const isOurs = a.shape.join() === b.shape.join() &&
      [a, b].every((one) => one.dtype === "float32" && gpu().floatTypeOf(one) === "f16");
    if (!isOurs) return previous(call);
    const y = gpu().allocate(a.shape, "f16");
    const buffers = { a, b, y };
    gpu().run(addition, { buffers, uniforms: { size: y.size }, workgroups: elementGroups(y.size) });
    return y;
  };
}

/** What was there before ours; guarded, if the guards came first. */
let stock: Add | undefined;

/** Puts our kernel in the place of tfjs' own, or takes it out again. */
export function replaceAdd(on: boolean): void {
  const config = tf.getKernel("Add", "webgpu");
  stock ??= config.kernelFunc as unknown as Add;
  config.kernelFunc = (on ? addWith(stock) : stock) as unknown as tf.KernelFunc;
}

const conversion = perType((from: FloatType, to: FloatType) =>
  defineProgram({
    name: `${from} to ${to}`,
    reads: { x: from },
    writes: { y: to },
    uniforms: { size: "u32" },
    code: elementMain(`y[i] = ${to}(x[i]);`),
  })
);

const addition = defineProgram({
  name: "add, f16",
  reads: { a: "f16", b: "f16" },
  writes: { y: "f16" },
  uniforms: { size: "u32" },
  code: elementMain("y[i] = f16(f32(a[i]) + f32(b[i]));"),
});
