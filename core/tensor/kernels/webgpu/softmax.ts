/**
 * `softmax(scale * scores + bias)` on the GPU, one dispatch; its gradient is another and needs the result
 * only.
 *
 * @module
 */
import type * as tf from "../../../deps/tfjs.ts";
import type { Operations } from "../composed.ts";
import { differentiable, requireShape, rowsOf } from "../differentiable.ts";
import { gpu } from "./gpu.ts";
import { defineRowProgram, runRows } from "./rows.ts";

/** See operations.ts. */
export const maskedSoftmax: Operations["maskedSoftmax"] = (scores, bias, scale) =>
  differentiable((save, scores) => {
    const y = softmaxRows(scores!, bias, scale);
    save([y]);
    return [y, (dy, [y]) => [softmaxGradient(y!, dy, scale)]];
  })(scores);

/** The forward pass without a tape; shapes as for `maskedSoftmax`. The result is the caller's. */
export function softmaxRows(scores: tf.Tensor, bias: tf.Tensor, scale: number): tf.Tensor {
  const [batch, , , width] = scores.shape as [number, number, number, number];
  const rows = rowsOf(scores, width);
  requireShape(bias, [batch, 1, 1, width]);
  const y = gpu().allocate(scores.shape);
  runRows(forward, { scores, bias, y }, { rows, width, scale, rowsPerBias: rows / batch });
  return y;
}

/** The gradient of the scores, from the result and its gradient. It is the caller's. */
export function softmaxGradient(y: tf.Tensor, dy: tf.Tensor, scale: number): tf.Tensor {
  const width = y.shape.at(-1)!;
  requireShape(dy, y.shape);
  const dx = gpu().allocate(y.shape);
  runRows(backward, { y, dy, dx }, { rows: rowsOf(y, width), width, scale });
  return dx;
}

const forward = defineRowProgram({
  name: "maskedSoftmax",
  reads: { scores: "f32", bias: "f32" },
  writes: { y: "f32" },
  uniforms: { scale: "f32", rowsPerBias: "u32" },
  code: `
  let mask = row / uniforms.rowsPerBias * width;
  var part = -3.4e38;
  for (var i = lane; i < width; i += LANES) {
    let logit = scores[start + i] * uniforms.scale + bias[mask + i];
    y[start + i] = logit;
    part = max(part, logit);
  }
  let highest = rowMax(part, lane);
  var powers = 0.0;
  for (var i = lane; i < width; i += LANES) {
    let power = exp(y[start + i] - highest);
    y[start + i] = power;
    powers += power;
  }
  let sum = rowSum(powers, lane);
  for (var i = lane; i < width; i += LANES) { y[start + i] /= sum; }`,
});

const backward = defineRowProgram({
  name: "maskedSoftmax, gradient",
  reads: { y: "f32", dy: "f32" },
  writes: { dx: "f32" },
  uniforms: { scale: "f32" },
  code: `
  var part = 0.0;
  for (var i = lane; i < width; i += LANES) { part += y[start + i] * dy[start + i]; }
  let mean = rowSum(part, lane);
  for (var i = lane; i < width; i += LANES) {
    dx[start + i] = uniforms.scale * y[start + i] * (dy[start + i] - mean);
  }`,
});
