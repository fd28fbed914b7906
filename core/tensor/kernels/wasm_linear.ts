/**
 * A linear layer on our own wasm module, alone and with the GELU behind it.
 *
 * With it, each panel of rows goes through the GELU as soon as it is computed, while it is in the cache; what
 * went in is kept for the gradient, which is one pass as well: the slope, and its sums for the bias.
 *
 * @module
 */
import type * as tf from "../../deps/tfjs.ts";
import type { Operations } from "./composed.ts";
import { differentiable, requireShape, rowsOf } from "./differentiable.ts";
import { wasmHeap } from "./wasm_heap.ts";
import { multiply } from "./wasm_matmul.ts";
import type { WasmKernels } from "./wasm_functions.ts";

const { address, allocate } = wasmHeap;

/** Both layers, whoever computes the kernels. */
export function linearLayers(kernels: WasmKernels): Pick<Operations, "linear" | "linearGelu"> {
  return {
    linear: differentiable((save, x, weight, bias) => {
      const size = sizeOf(x!, weight!, bias!);
      save([x!, weight!]);
      const y = allocate([...x!.shape.slice(0, -1), size.outputs]);
      forward(kernels, size, { x: x!, weight: weight!, bias: bias!, product: y });
      return [y, (dy, [x, weight]) => {
        const dBias = allocate([size.outputs]);
        kernels.columnSums(address(dy), address(dBias), size.rows, size.outputs);
        return [...backward(kernels, size, x!, weight!, dy), dBias];
      }];
    }),

    linearGelu: differentiable((save, x, weight, bias) => {
      const size = sizeOf(x!, weight!, bias!);
      const shape = [...x!.shape.slice(0, -1), size.outputs];
      const [product, y] = [allocate(shape), allocate(shape)];
      forward(kernels, size, { x: x!, weight: weight!, bias: bias!, product, y });
      save([x!, weight!, product]);
      return [y, (dy, [x, weight, product]) => {
        const [dProduct, dBias] = [allocate(shape), allocate([size.outputs])];
        const from = [address(product!), address(dy)] as const;
        kernels.geluGradientSums(...from, address(dProduct), address(dBias), size.rows, size.outputs);
        const [dx, dWeight] = backward(kernels, size, x!, weight!, dProduct);
        dProduct.dispose(); // the tidy is that of the whole backward pass
        return [dx, dWeight, dBias];
      }];
    }),
  };
}

interface Size {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

function sizeOf(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): Size {
  const [outputs, inputs] = weight.shape as [number, number];
  requireShape(bias, [outputs]);
  return { rows: rowsOf(x, inputs), inputs, outputs };
}

/** `product = x weightᵀ + bias` and, where it is asked for, `y = gelu(product)`. */
function forward(
  kernels: WasmKernels,
  { rows, inputs, outputs }: Size,
  { x, weight, bias, product, y }: Record<"x" | "weight" | "bias" | "product", tf.Tensor> & { y?: tf.Tensor },
): void {
  multiply(kernels, {
    ...{ a: address(x), b: address(weight), c: address(product), transposeB: true },
    ...{ bias: address(bias), y: y ? address(y) : 0 },
    ...{ rows, columns: outputs, inner: inputs },
  });
}

/** The gradients of x and of the weight, for that of the product. */
function backward(
  kernels: WasmKernels,
  { rows, inputs, outputs }: Size,
  x: tf.Tensor,
  weight: tf.Tensor,
  dProduct: tf.Tensor,
): [dx: tf.Tensor, dWeight: tf.Tensor] {
  const [dx, dWeight] = [allocate(x.shape), allocate(weight.shape)];
  multiply(kernels, {
    ...{ a: address(dProduct), b: address(weight), c: address(dx) },
    ...{ rows, columns: inputs, inner: outputs },
  });
  multiply(kernels, {
    ...{ a: address(dProduct), b: address(x), c: address(dWeight), transposeA: true },
    ...{ rows: outputs, columns: inputs, inner: rows },
  });
  return [dx, dWeight];
}
