/**
 * A linear layer on webgpu, also with its GELU: bias and GELU are done by the product, and both products of the
 * backward pass read what is there, transposed or not.
 *
 * @module
 */
import * as tf from "../../../deps/tfjs.ts";
import type { Operations } from "../composed.ts";
import { differentiable, requireShape, rowsOf } from "../differentiable.ts";
import { convert } from "./float16.ts";
import { geluGradient } from "./gelu.ts";
import { gpu } from "./gpu.ts";
import { multiply } from "./matmul.ts";
import { columnSums } from "./sums.ts";

/** `x weightᵀ + bias`; see operations.ts. */
export const linear: Operations["linear"] = differentiable((save, x, weight, bias) => {
  const y = allocateResult(x!, weight!, bias!);
  const stored = storedAs(x!, weight!);
  project(x!, stored, bias!, y);
  save([x!, stored]);
  return [y, (dy, [x, weight]) => gradients(dy, x!, weight!)];
});

/** `gelu(x weightᵀ + bias)`: the product writes both, as the gradient needs what GELU was computed from. */
export const linearGelu: Operations["linearGelu"] = differentiable((save, x, weight, bias) => {
  const [z, y] = [allocateResult(x!, weight!, bias!), allocateResult(x!, weight!, bias!)];
  const stored = storedAs(x!, weight!);
  project(x!, stored, bias!, z, y);
  save([x!, stored, z]);
  return [y, (dy, [x, weight, z]) => {
    const dz = geluGradient(z!, dy);
    const found = gradients(dz, x!, weight!);
    dz.dispose(); // at once: the tidy that it is in is that of the whole backward pass
    return found;
  }];
});

/** Stored as x is. */
function allocateResult(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [outputs, inputs] = weight.shape as [number, number];
  rowsOf(x, inputs);
  requireShape(bias, [outputs]);
  return gpu().allocate([...x.shape.slice(0, -1), outputs], gpu().floatTypeOf(x));
}

/** The weight as x is stored: of float16 a copy of this pass alone, so it is never that of another update. */
function storedAs(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return convert(weight, gpu().floatTypeOf(x));
}

function project(
  x: tf.Tensor,
  weight: tf.Tensor,
  bias: tf.Tensor,
  y: tf.Tensor,
  activated?: tf.Tensor,
): void {
  const [columns, inner] = weight.shape as [number, number];
  multiply({
    ...{ rows: rowsOf(x, inner), columns, inner, transposeB: true, bias, ...activated && { activated } },
    ...{ a: { tensor: x }, b: { tensor: weight }, c: { tensor: y } },
  });
}

/** Of x, weight and bias; the tape's. */
function gradients(dy: tf.Tensor, x: tf.Tensor, weight: tf.Tensor): tf.Tensor[] {
  const [outputs, inputs] = weight.shape as [number, number];
  const rows = rowsOf(x, inputs);
  const [dx, flat] = [gpu().allocate(x.shape), tf.reshape(dy, [rows, outputs])];
  multiply({
    ...{ rows, columns: inputs, inner: outputs },
    ...{ a: { tensor: dy }, b: { tensor: weight }, c: { tensor: dx } },
  });
  const found = [dx, weightGradient(dy, x, rows, weight.shape), columnSums(flat)];
  flat.dispose();
  return found;
}

/**
 * `dyᵀ x`: few results, each a sum over the whole batch. A GPU would compute them in a few places while the
 * rest waits, so there the batch is cut into stretches, whose products are added.
 */
function weightGradient(dy: tf.Tensor, x: tf.Tensor, rows: number, shape: readonly number[]): tf.Tensor {
  const [outputs, inputs] = shape as [number, number];
  const stretches = stretchesOf(rows, outputs * inputs);
  const inner = rows / stretches;
  const products = gpu().allocate(stretches === 1 ? shape : [stretches, outputs * inputs]);
  multiply({
    ...{ rows: outputs, columns: inputs, inner, transposeA: true, batch: [1, stretches] },
    a: { tensor: dy, share: inner * outputs },
    b: { tensor: x, share: inner * inputs },
    c: { tensor: products, share: outputs * inputs },
  });
  if (stretches === 1) return products;
  const sums = columnSums(products);
  const whole = tf.reshape(sums, [outputs, inputs]);
  tf.dispose([products, sums]);
  return whole;
}

/** Numbers of results below which a GPU is not busy, and rows above which a stretch is worth its sum. */
const BUSY = 262_144;
const STRETCH_ROWS = 128;

/** Into how many stretches of the same length the rows are cut: a power of two. */
function stretchesOf(rows: number, results: number): number {
  if (gpu().isSoftware) return 1;
  let stretches = 1;
  while (rows % (2 * stretches) === 0 && rows / stretches > STRETCH_ROWS && results * stretches < BUSY) {
    stretches *= 2;
  }
  return stretches;
}
