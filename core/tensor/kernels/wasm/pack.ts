/**
 * Packing for the matrix product: a part of a matrix is copied into the order in which it will be read, so
 * that the product itself knows no strides and no transposed matrices.
 *
 * @module
 */

/**
 * Packs `count` rows of `length` numbers into panels of `height` rows each: number by number, the rows
 * side by side. The last panel is filled up with zeros.
 */
export function pack(
  from: usize,
  stride: usize,
  step: usize,
  count: usize,
  length: usize,
  to: usize,
  height: usize,
): void {
  for (let first: usize = 0; first < count; first += height) {
    const rows = min(height, count - first);
    const panel = from + first * stride;
    if (rows < height) memory.fill(to, 0, height * length * 4);
    if (stride == 4) packAlong(panel, step, rows, length, to, height * 4);
    else packAcross(panel, stride, step, rows, length, to, height * 4);
    to += height * length * 4;
  }
}

/** The rows lie side by side already: four (or what is left) at a time. */
function packAlong(from: usize, step: usize, rows: usize, length: usize, to: usize, toStep: usize): void {
  for (let index: usize = 0; index < length; index++) {
    let row: usize = 0;
    for (; row + 4 <= rows; row += 4) v128.store(to + row * 4, v128.load(from + row * 4));
    for (; row < rows; row++) store<f32>(to + row * 4, load<f32>(from + row * 4));
    from += step;
    to += toStep;
  }
}

/** The numbers of a row lie side by side: squares of 4 x 4 are turned, the rest goes one by one. */
function packAcross(
  from: usize,
  stride: usize,
  step: usize,
  rows: usize,
  length: usize,
  to: usize,
  toStep: usize,
): void {
  let row: usize = 0;
  const turned = step == 4 ? length & ~3 : 0;
  for (; row + 4 <= rows; row += 4) {
    for (let index: usize = 0; index < turned; index += 4) {
      turn(from + row * stride + index * 4, stride, to + index * toStep + row * 4, toStep);
    }
    for (let index = turned; index < length; index++) {
      for (let one = row; one < row + 4; one++) {
        store<f32>(to + index * toStep + one * 4, load<f32>(from + one * stride + index * step));
      }
    }
  }
  for (; row < rows; row++) {
    for (let index: usize = 0; index < length; index++) {
      store<f32>(to + index * toStep + row * 4, load<f32>(from + row * stride + index * step));
    }
  }
}

// @ts-ignore: decorator
@inline
function turn(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStride);
  const c = v128.load(from + 2 * fromStride);
  const d = v128.load(from + 3 * fromStride);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5); // a0 b0 a1 b1
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7); // a2 b2 a3 b3
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to + toStride, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(to + 2 * toStride, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
  v128.store(to + 3 * toStride, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
}
