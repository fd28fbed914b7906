/**
 * The exact Gaussian error linear unit on the GPU, and its gradient: one dispatch each.
 *
 * The polynomials are those of the wasm kernel (wasm/gelu.ts), so that both backends round alike, and a
 * result far below zero is small and not the rest of a subtraction.
 *
 * @see Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
 *
 * @module
 */
import type { Operations } from "../composed.ts";
import { differentiable } from "../differentiable.ts";
import { gpu } from "./gpu.ts";
import { defineProgram, type ElementType, type Program } from "./program.ts";

/** See operations.ts. */
export const gelu: Operations["gelu"] = differentiable((save, x) => {
  save([x!]);
  const y = gpu().allocate(x!.shape);
  gpu().run(forward, { buffers: { x: x!, y }, uniforms: { size: y.size }, workgroups: groupsOf(y.size) });
  return [y, (dy, [x]) => {
    const dx = gpu().allocate(x!.shape);
    const buffers = { x: x!, dy, dx };
    gpu().run(backward, { buffers, uniforms: { size: dx.size }, workgroups: groupsOf(dx.size) });
    return [dx];
  }];
});

/** Numbers of one workgroup, four per thread. */
const PER_GROUP = 256;

const groupsOf = (size: number): number => Math.ceil(size / PER_GROUP);

/**
 * The normal distribution, `(1 + erf(x / sqrt(2))) / 2`, and `e^(-x^2 / 2)`, which it needs anyway. WGSL; the
 * polynomials are those of wasm/gelu.ts.
 */
const NORMAL_SHARE = `
fn bell(x: f32) -> f32 { return exp(-0.5 * x * x); }

fn normalShare(x: f32, height: f32) -> f32 {
  if (abs(x) < 1) {
    let s = x * x;
    var p = -1.0 / 9676800;
    p = p * s + 1.0 / 599040;
    p = p * s - 1.0 / 42240;
    p = p * s + 1.0 / 3456;
    p = p * s - 1.0 / 336;
    p = p * s + 1.0 / 40;
    p = p * s - 1.0 / 6;
    return 0.5 + x * 0.3989422804014327 * (p * s + 1);
  }
  let t = 1 / (1 + 0.26 * abs(x));
  var p = 0.030504941881135932;
  p = p * t - 0.15282910094989058;
  p = p * t + 0.25149185756939574;
  p = p * t - 0.15094960662903797;
  p = p * t + 0.16094829124358315;
  p = p * t + 0.051027501629742504;
  p = p * t + 0.1030302981877357;
  p = p * t + 0.10301674453019122;
  p = p * t + 0.10375906016373845;
  let below = height * p * t;
  return select(below, 1 - below, x > 0);
}`;

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
