/**
 * The exact Gaussian error linear unit on the GPU, and its gradient: one dispatch each.
 *
 * @see Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import type { Operations } from "../composed.ts";
import { differentiable } from "../differentiable.ts";
import { NORMAL_SHARE } from "./gelu_shader.ts";
import { gpu } from "./gpu.ts";
import { defineProgram, type ElementType, type Program } from "./program.ts";

/** See operations.ts. */
export const gelu: Operations["gelu"] = differentiable((save, x) => {
  save([x!]);
  const y = gpu().allocate(x!.shape);
  gpu().run(forward, { buffers: { x: x!, y }, uniforms: { size: y.size }, workgroups: groupsOf(y.size) });
  return [y, (dy, [x]) => [geluGradient(x!, dy)]];
});

/** `dy` times the slope of GELU at x; the caller's. */
export function geluGradient(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const dx = gpu().allocate(x.shape);
  const [buffers, uniforms] = [{ x, dy, dx }, { size: x.size }];
  gpu().run(backward, { buffers, uniforms, workgroups: groupsOf(x.size) });
  return dx;
}

/** Numbers of one workgroup, four per thread. */
const PER_GROUP = 256;

const groupsOf = (size: number): number => Math.ceil(size / PER_GROUP);

const forward = elementwise("gelu", { x: "f32" }, "y", `y[i] = x[i] * normalShare(x[i], bell(x[i]));`);

const backward = elementwise(
  "gelu, gradient",
  { x: "f32", dy: "f32" },
  "dx",
  `let one = x[i];
    let height = bell(one);
    dx[i] = dy[i] * (normalShare(one, height) + one * 0.3989422804014327 * height);`,
);

function elementwise<In extends string, Out extends string>(
  name: string,
  reads: Readonly<Record<In, ElementType>>,
  out: Out,
  body: string,
): Program<In | Out, "size"> {
  return defineProgram<In | Out, "size">({
    name,
    reads: reads as Readonly<Partial<Record<In | Out, ElementType>>>,
    writes: { [out]: "f32" } as Readonly<Partial<Record<In | Out, ElementType>>>,
    uniforms: { size: "u32" },
    code: `${NORMAL_SHARE}
@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = flatGroup(group, groups) * ${PER_GROUP} + lane;
  for (var i = first; i < min(first + ${PER_GROUP}, uniforms.size); i += 64) {
    ${body}
  }
}`,
  });
}
