/**
 * Layer normalization on the GPU: one dispatch forward, three backward.
 *
 * Mean and scale of a row are kept for the gradient, which is two numbers per row instead of two more
 * passes over it. The gradients of gamma and beta are sums over all rows, in parts of some rows each.
 *
 * @see Ba et al. 2016, "Layer normalization", https://arxiv.org/abs/1607.06450
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import type { Operations } from "../composed.ts";
import { differentiable, requireShape, rowsOf } from "../differentiable.ts";
import { gpu } from "./gpu.ts";
import { perType } from "./per_type.ts";
import { defineProgram, type FloatType } from "./program.ts";
import { defineRowProgram, runRows } from "./rows.ts";

/** Rows that one thread adds up for gamma and beta. */
const ROWS_PER_PART = 32;

/** See operations.ts. */
export const layerNorm: Operations["layerNorm"] = (x, gamma, beta, epsilon) =>
  differentiable((save, x, gamma, beta) => {
    const width = x!.shape.at(-1)!;
    const rows = rowsOf(x!, width);
    for (const vector of [gamma!, beta!]) requireShape(vector, [width]);
    const type = gpu().floatTypeOf(x!);
    const [y, moments] = [gpu().allocate(x!.shape, type), gpu().allocate([rows, 2])];
    const buffers = { x: x!, gamma: gamma!, beta: beta!, y, moments };
    runRows(forward(type), buffers, { rows, width, epsilon });
    save([x!, gamma!, moments]);
    return [y, (dy, [x, gamma, moments]) => {
      const dx = gpu().allocate(x!.shape);
      runRows(backward(type), { x: x!, gamma: gamma!, moments: moments!, dy, dx }, { rows, width });
      return [dx, ...vectorGradients(x!, moments!, dy, rows, width)];
    }];
  })(x, gamma, beta);

const forward = perType((type: FloatType) =>
  defineRowProgram({
    name: "layerNorm",
    reads: { x: type, gamma: "f32", beta: "f32" },
    writes: { y: type, moments: "f32" },
    uniforms: { epsilon: "f32" },
    code: `
  var sum = 0.0;
  for (var i = lane; i < width; i += LANES) { sum += f32(x[start + i]); }
  let mean = rowSum(sum, lane) / f32(width);
  var squares = 0.0;
  for (var i = lane; i < width; i += LANES) {
    let centred = f32(x[start + i]) - mean;
    squares += centred * centred;
  }
  let scale = 1 / sqrt(rowSum(squares, lane) / f32(width) + uniforms.epsilon);
  for (var i = lane; i < width; i += LANES) {
    y[start + i] = ${type}((f32(x[start + i]) - mean) * scale * gamma[i] + beta[i]);
  }
  if (lane == 0) {
    moments[2 * row] = mean;
    moments[2 * row + 1] = scale;
  }`,
  })
);

const backward = perType((type: FloatType) =>
  defineRowProgram({
    name: "layerNorm, gradient of x",
    reads: { x: type, gamma: "f32", moments: "f32", dy: "f32" },
    writes: { dx: "f32" },
    uniforms: {},
    code: `
  let mean = moments[2 * row];
  let scale = moments[2 * row + 1];
  var inner = 0.0;
  var product = 0.0;
  for (var i = lane; i < width; i += LANES) {
    let one = dy[start + i] * gamma[i];
    inner += one;
    product += one * (f32(x[start + i]) - mean) * scale;
  }
  let meanInner = rowSum(inner, lane) / f32(width);
  let meanProduct = rowSum(product, lane) / f32(width);
  for (var i = lane; i < width; i += LANES) {
    let normal = (f32(x[start + i]) - mean) * scale;
    dx[start + i] = scale * (dy[start + i] * gamma[i] - meanInner - normal * meanProduct);
  }`,
  })
);

const THREAD = `@compute @workgroup_size(64) fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = flatGroup(group, groups) * 64 + lane;
  let width = uniforms.width;`;

/** A thread has one column of some rows. */
const vectorParts = perType((type: FloatType) =>
  defineProgram({
    name: "layerNorm, parts of gamma and beta",
    reads: { x: type, moments: "f32", dy: "f32" },
    writes: { gammaParts: "f32", betaParts: "f32" },
    uniforms: { rows: "u32", width: "u32", size: "u32" },
    code: `${THREAD}
  if (index >= uniforms.size) { return; }
  let column = index % width;
  let first = index / width * ${ROWS_PER_PART};
  let end = min(first + ${ROWS_PER_PART}, uniforms.rows);
  var dGamma = 0.0;
  var dBeta = 0.0;
  for (var row = first; row < end; row++) {
    let one = dy[row * width + column];
    dGamma += one * (f32(x[row * width + column]) - moments[2 * row]) * moments[2 * row + 1];
    dBeta += one;
  }
  gammaParts[index] = dGamma;
  betaParts[index] = dBeta;
}`,
  })
);

const vectorSums = defineProgram({
  name: "layerNorm, gradients of gamma and beta",
  reads: { gammaParts: "f32", betaParts: "f32" },
  writes: { dGamma: "f32", dBeta: "f32" },
  uniforms: { parts: "u32", width: "u32" },
  code: `${THREAD}
  if (index >= width) { return; }
  var gammaSum = 0.0;
  var betaSum = 0.0;
  for (var part = 0u; part < uniforms.parts; part++) {
    gammaSum += gammaParts[part * width + index];
    betaSum += betaParts[part * width + index];
  }
  dGamma[index] = gammaSum;
  dBeta[index] = betaSum;
}`,
});

/** Of gamma and beta. */
function vectorGradients(
  x: tf.Tensor,
  moments: tf.Tensor,
  dy: tf.Tensor,
  rows: number,
  width: number,
): [tf.Tensor, tf.Tensor] {
  const parts = Math.ceil(rows / ROWS_PER_PART);
  const size = parts * width;
  const [gammaParts, betaParts] = [gpu().allocate([parts, width]), gpu().allocate([parts, width])];
  const [dGamma, dBeta] = [gpu().allocate([width]), gpu().allocate([width])];
  gpu().run(vectorParts(gpu().floatTypeOf(x)), {
    buffers: { x, moments, dy, gammaParts, betaParts },
    uniforms: { rows, width, size },
    workgroups: Math.ceil(size / 64),
  });
  gpu().run(vectorSums, {
    buffers: { gammaParts, betaParts, dGamma, dBeta },
    uniforms: { parts, width },
    workgroups: Math.ceil(width / 64),
  });
  tf.dispose([gammaParts, betaParts]);
  return [dGamma, dBeta];
}
