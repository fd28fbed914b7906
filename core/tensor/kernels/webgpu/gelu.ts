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
import { elementGroups, elementMain } from "./elements.ts";
import { NORMAL_SHARE } from "./gelu_shader.ts";
import { gpu } from "./gpu.ts";
import { perType } from "./per_type.ts";
import { defineProgram, type FloatType } from "./program.ts";

/** See operations.ts. */
export const gelu: Operations["gelu"] = differentiable((save, x) => {
  save([x!]);
  const type = gpu().floatTypeOf(x!);
  const y = gpu().allocate(x!.shape, type);
  const [buffers, uniforms] = [{ x: x!, y }, { size: y.size }];
  gpu().run(forward(type), { buffers, uniforms, workgroups: elementGroups(y.size) });
  return [y, (dy, [x]) => [geluGradient(x!, dy)]];
});

/** `dy` times the slope of GELU at x; the caller's. */
export function geluGradient(x: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  const dx = gpu().allocate(x.shape);
  const [buffers, uniforms] = [{ x, dy, dx }, { size: x.size }];
  gpu().run(backward(gpu().floatTypeOf(x)), { buffers, uniforms, workgroups: elementGroups(x.size) });
  return dx;
}

const forward = perType((type: FloatType) =>
  defineProgram({
    name: "gelu",
    reads: { x: type },
    writes: { y: type },
    uniforms: { size: "u32" },
    code: main(`y[i] = ${type}(one * normalShare(one, bell(one)));`),
  })
);

const backward = perType((type: FloatType) =>
  defineProgram({
    name: "gelu, gradient",
    reads: { x: type, dy: "f32" },
    writes: { dx: "f32" },
    uniforms: { size: "u32" },
    code: main(`let height = bell(one);
    dx[i] = dy[i] * (normalShare(one, height) + one * 0.3989422804014327 * height);`),
  })
);

/** `one` is x there. */
function main(body: string): string {
  return `${NORMAL_SHARE}\n${elementMain(`let one = f32(x[i]);\n    ${body}`)}`;
}
