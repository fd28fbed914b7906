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
import { perType } from "./per_type.ts";
import type { FloatType } from "./program.ts";
import { defineRowProgram, runRows } from "./rows.ts";

/** See operations.ts. */
export const maskedSoftmax: Operations["maskedSoftmax"] = (scores, bias, scale) =>
  differentiable((save, scores) => {
    const y = softmaxRows(scores!, bias, scale, gpu().floatTypeOf(scores!));
    save([y]);
    return [y, (dy, [y]) => [softmaxGradient(y!, dy, scale)]];
  })(scores);

/**
 * The forward pass without a tape; shapes as for `maskedSoftmax`. The result is the caller's.
 *
 * @param type how it is stored
 */
export function softmaxRows(scores: tf.Tensor, bias: tf.Tensor, scale: number, type: FloatType): tf.Tensor {
  const [batch, , , width] = scores.shape as [number, number, number, number];
  const rows = rowsOf(scores, width);
  requireShape(bias, [batch, 1, 1, width]);
  const y = gpu().allocate(scores.shape, type);
  const program = forward(gpu().floatTypeOf(scores), type);
  runRows(program, { scores, bias, y }, { rows, width, scale, rowsPerBias: rows / batch });
  return y;
}

/** The gradient of the scores, from the result and its gradient. It is the caller's. */
export function softmaxGradient(y: tf.Tensor, dy: tf.Tensor, scale: number): tf.Tensor {
  const width = y.shape.at(-1)!;
  requireShape(dy, y.shape);
  const dx = gpu().allocate(y.shape);
  runRows(backward(gpu().floatTypeOf(y)), { y, dy, dx }, { rows: rowsOf(y, width), width, scale });
  return dx;
}

// The powers are computed twice, where they could be kept in y: as float16 they would be rounded on the way.
const forward = perType((from: FloatType, to: FloatType) =>
  defineRowProgram({
    name: "maskedSoftmax",
    reads: { scores: from, bias: "f32" },
    writes: { y: to },
    uniforms: { scale: "f32", rowsPerBias: "u32" },
    code: `
  let mask = row / uniforms.rowsPerBias * width;
  var part = -3.4e38;
  for (var i = lane; i < width; i += LANES) {
    part = max(part, f32(scores[start + i]) * uniforms.scale + bias[mask + i]);
  }
  let highest = rowMax(part, lane);
  var powers = 0.0;
  for (var i = lane; i < width; i += LANES) {
    powers += exp(f32(scores[start + i]) * uniforms.scale + bias[mask + i] - highest);
  }
  let share = 1 / rowSum(powers, lane);
  for (var i = lane; i < width; i += LANES) {
    let power = exp(f32(scores[start + i]) * uniforms.scale + bias[mask + i] - highest);
    y[start + i] = ${to}(power * share);
  }`,
  })
);

const backward = perType((type: FloatType) =>
  defineRowProgram({
    name: "maskedSoftmax, gradient",
    reads: { y: type, dy: "f32" },
    writes: { dx: "f32" },
    uniforms: { scale: "f32" },
    code: `
  var part = 0.0;
  for (var i = lane; i < width; i += LANES) { part += f32(y[start + i]) * dy[start + i]; }
  let mean = rowSum(part, lane);
  for (var i = lane; i < width; i += LANES) {
    dx[start + i] = uniforms.scale * f32(y[start + i]) * (dy[start + i] - mean);
  }`,
  })
);
