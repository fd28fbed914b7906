/**
 * Between float32 and float16 on the GPU, and the sum of two tensors of float16, for which tfjs' own `Add` has
 * no program. A gradient is of float32 always, so the passes back through these are the gradient itself.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import { differentiable } from "../differentiable.ts";
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
  if (x.size > 0) gpu().run(conversion(from, type), { buffers, uniforms, workgroups: groupsOf(x.size) });
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
    gpu().run(addition, { buffers, uniforms: { size: y.size }, workgroups: groupsOf(y.size) });
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

/** Numbers of one workgroup, four per thread. */
const PER_GROUP = 256;

const groupsOf = (size: number): number => Math.ceil(size / PER_GROUP);

const main = (body: string): string =>
  `@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = flatGroup(group, groups) * ${PER_GROUP} + lane;
  for (var i = first; i < min(first + ${PER_GROUP}, uniforms.size); i += 64) { ${body} }
}`;

const conversion = perType((from: FloatType, to: FloatType) =>
  defineProgram({
    name: `${from} to ${to}`,
    reads: { x: from },
    writes: { y: to },
    uniforms: { size: "u32" },
    code: main(`y[i] = ${to}(x[i]);`),
  })
);

const addition = defineProgram({
  name: "add, f16",
  reads: { a: "f16", b: "f16" },
  writes: { y: "f16" },
  uniforms: { size: "u32" },
  code: main("y[i] = f16(f32(a[i]) + f32(b[i]));"),
});
