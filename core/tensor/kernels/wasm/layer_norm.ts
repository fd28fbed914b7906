/**
 * Layer normalization of rows, and its gradient. Mean and variance are computed again for the gradient:
 * the row is in the first cache anyway, and nothing has to be kept from the forward pass.
 *
 * @module
 */
import { loadSome, storeSome, sumOfLanes } from "./vector";

/** `y = (x - mean) / sqrt(variance + epsilon) * gamma + beta`; x, y: `[rows, width]`. */
export function layerNorm(
  x: usize,
  gamma: usize,
  beta: usize,
  y: usize,
  rows: usize,
  width: usize,
  epsilon: f32,
): void {
  for (let row: usize = 0; row < rows; row++) {
    const mean = meanOf(x, width);
    const scale = f32x4.splat(scaleOf(x, width, mean, epsilon));
    const centre = f32x4.splat(mean);
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      const normal = f32x4.mul(f32x4.sub(loadSome(x + byte, left, 0), centre), scale);
      const scaled = f32x4.relaxed_madd(normal, loadSome(gamma + byte, left, 0), loadSome(beta + byte, left, 0));
      storeSome(y + byte, left, scaled);
    }
    x += width * 4;
    y += width * 4;
  }
}

/**
 * With `n` the normalized x and `d = dy gamma`: `dx = (d - mean(d) - n mean(d n)) / sqrt(variance + epsilon)`,
 * `dGamma = sum(dy n)`, `dBeta = sum(dy)` over the rows.
 */
export function layerNormGradient(
  x: usize,
  gamma: usize,
  dy: usize,
  dx: usize,
  dGamma: usize,
  dBeta: usize,
  rows: usize,
  width: usize,
  epsilon: f32,
): void {
  memory.fill(dGamma, 0, width * 4);
  memory.fill(dBeta, 0, width * 4);
  for (let row: usize = 0; row < rows; row++) {
    const mean = meanOf(x, width);
    const inverse = scaleOf(x, width, mean, epsilon);
    const centre = f32x4.splat(mean), scale = f32x4.splat(inverse);
    let sum = f32x4.splat(0), product = f32x4.splat(0);
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      const normal = f32x4.mul(f32x4.sub(loadSome(x + byte, left, mean), centre), scale);
      const gradient = loadSome(dy + byte, left, 0);
      const scaled = f32x4.mul(gradient, loadSome(gamma + byte, left, 0));
      sum = f32x4.add(sum, scaled);
      product = f32x4.relaxed_madd(scaled, normal, product);
      storeSome(dGamma + byte, left, f32x4.relaxed_madd(gradient, normal, loadSome(dGamma + byte, left, 0)));
      storeSome(dBeta + byte, left, f32x4.add(gradient, loadSome(dBeta + byte, left, 0)));
    }
    const meanSum = f32x4.splat(sumOfLanes(sum) / <f32> width);
    const meanProduct = f32x4.splat(sumOfLanes(product) / <f32> width);
    for (let at: usize = 0; at < width; at += 4) {
      const left = width - at, byte = at * 4;
      const normal = f32x4.mul(f32x4.sub(loadSome(x + byte, left, mean), centre), scale);
      const scaled = f32x4.mul(loadSome(dy + byte, left, 0), loadSome(gamma + byte, left, 0));
      const centred = f32x4.relaxed_nmadd(normal, meanProduct, f32x4.sub(scaled, meanSum));
      storeSome(dx + byte, left, f32x4.mul(centred, scale));
    }
    x += width * 4;
    dy += width * 4;
    dx += width * 4;
  }
}

// @ts-ignore: decorator
@inline
function meanOf(x: usize, width: usize): f32 {
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < width; at += 4) sum = f32x4.add(sum, loadSome(x + at * 4, width - at, 0));
  return sumOfLanes(sum) / <f32> width;
}

/** `1 / sqrt(variance + epsilon)`. */
// @ts-ignore: decorator
@inline
function scaleOf(x: usize, width: usize, mean: f32, epsilon: f32): f32 {
  const centre = f32x4.splat(mean);
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < width; at += 4) {
    const centred = f32x4.sub(loadSome(x + at * 4, width - at, mean), centre);
    sum = f32x4.relaxed_madd(centred, centred, sum);
  }
  return <f32> 1 / sqrt<f32>(sumOfLanes(sum) / <f32> width + epsilon);
}
