/**
 * That the suite finds mistakes: kernels that are wrong on purpose, in the ways in which kernels are wrong.
 *
 * Each is a small mistake in one place of one operation, put into the registry instead of the right one and taken
 * out again.
 *
 * @module
 */
import { assertNotEquals } from "../../core/deps/assert.ts";
import * as tf from "../../core/deps/tfjs.ts";
import { startBackend } from "../../core/tensor/backend.ts";
import { guardKernel, type Kernel, type KernelCall } from "../../core/tensor/guards/kernel_calls.ts";
import { composed, type Operations } from "../../core/tensor/kernels/composed.ts";
import { registerKernels } from "../../core/tensor/kernels/table.ts";
import { OPERATIONS } from "./cases/all.ts";
import { problemsOf } from "./conformance.ts";

/** Mistakes are made on cpu: its kernels are functions of arrays, and the table is the same everywhere. */
const BACKEND = "cpu";

async function failuresOf(operation: string): Promise<string[]> {
  using backend = await startBackend(BACKEND);
  const { cases } = OPERATIONS.find(({ name }) => name === operation)!;
  const problems: string[] = [];
  for (const one of cases) problems.push(...await problemsOf(one, backend));
  return problems;
}

/** The same numbers, and another gradient than the right one. */
function spoiled(x: tf.Tensor, change: (dx: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.customGrad((x) => ({ value: tf.clone(x as tf.Tensor), gradFunc: change }))(x);
}

/** What is wrong → the operation, and the kernel that is. */
const MISTAKES: readonly (readonly [string, keyof Operations, Partial<Operations>])[] = [
  ["a gradient of LayerNorm that is 1 % too large", "layerNorm", {
    layerNorm: (x, gamma, beta, epsilon) =>
      composed.layerNorm(spoiled(x, (dx) => tf.mul(dx, 1.01)), gamma, beta, epsilon),
  }],
  ["a deviation without its epsilon", "layerNorm", {
    layerNorm: (x, gamma, beta) => composed.layerNorm(x, gamma, beta, 1e-12),
  }],
  ["a GELU by the approximation with tanh", "gelu", {
    gelu: (x) =>
      tf.tidy(() => {
        const inner = tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
        return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
      }),
  }],
  ["a linear layer that leaves out its bias in the last row", "linear", {
    linear: (x, weight, bias) => {
      const rows = x.shape[0]!;
      return tf.tidy(() => {
        const isNotLast = tf.tensor(Array.from({ length: rows }, (_, row) => row < rows - 1 ? 1 : 0), [
          rows,
          1,
        ]);
        return tf.add(tf.matMul(x, weight, false, true), tf.mul(isNotLast, bias));
      });
    },
  }],
  ["a linear layer whose GELU comes before its bias", "linearGelu", {
    linearGelu: (x, weight, bias) =>
      tf.tidy(() => tf.add(composed.gelu(composed.linear(x, weight, tf.zerosLike(bias))), bias)),
  }],
  ["a masked softmax that gives padding a share", "maskedSoftmax", {
    maskedSoftmax: (scores, bias, scale) => composed.maskedSoftmax(scores, tf.maximum(bias, -10), scale),
  }],
  ["a masked softmax that scales its gradient twice", "maskedSoftmax", {
    maskedSoftmax: (scores, bias, scale) =>
      composed.maskedSoftmax(spoiled(scores, (dx) => tf.mul(dx, scale)), bias, scale),
  }],
  ["a dropout that does not scale up what it keeps", "dropout", {
    dropout: (x, rate, states) => tf.tidy(() => tf.mul(composed.dropout(x, rate, states), 1 - rate)),
  }],
  ["an attention that takes its keys for its values", "attention", {
    attention: (query, key, value, bias, rule) =>
      tf.tidy(() => composed.attention(query, key, tf.add(key, tf.mul(value, 0)), bias, rule)),
  }],
  ["an attention in which a text sees the padding of another", "attention", {
    attention: (query, key, value, bias, rule) =>
      tf.tidy(() => composed.attention(query, key, value, tf.reverse(bias, 0), rule)),
  }],
  ["an embedding whose gradient keeps only the last of a repeated id", "embed", {
    embed: (parts, ids) => {
      const table = tf.concat([...parts]);
      const [rows, width] = table.shape as [number, number];
      return tf.customGrad((table) => ({
        value: composed.embed([table as tf.Tensor], ids),
        gradFunc: (dy: tf.Tensor) => {
          const values = new Float32Array(rows * width);
          ids().forEach((id, row) =>
            values.set(dy.dataSync().subarray(row * width, (row + 1) * width), id * width)
          );
          return tf.tensor(values, [rows, width]);
        },
      }))(table!);
    },
  }],
  ["an embedding that takes the parts of its table in another order", "embed", {
    embed: (parts, ids) => composed.embed(parts.toReversed(), ids),
  }],
];

for (const [mistake, operation, kernels] of MISTAKES) {
  Deno.test(`the suite finds ${mistake}`, async () => {
    registerKernels(BACKEND, kernels);
    try {
      assertNotEquals(await failuresOf(operation), []);
    } finally {
      registerKernels(BACKEND, {});
    }
  });
}

/** What is wrong → the kernel of tfjs, the operation, and the mistake, made in the numbers of the result. */
const WRONG_RESULTS:
  readonly (readonly [string, string, string, (call: KernelCall, y: Float32Array) => void])[] = [
    [
      "a product that leaves out the column behind its last whole tile of 8",
      "BatchMatMul",
      "matMul",
      (call, y) => {
        const columns = call.inputs["b"]!.shape.at(call.attrs["transposeB"] ? -2 : -1)!;
        if (columns % 8 === 1 && columns > 1) {
          for (let at = columns - 1; at < y.length; at += columns) {
            y[at] = 0;
          }
        }
      },
    ],
    [
      "a product that ends its sum one number early",
      "BatchMatMul",
      "matMul of batches",
      ({ inputs, attrs }, y) => {
        const inner = inputs["a"]!.shape.at(attrs["transposeA"] ? -2 : -1)!;
        if (inner > 1) y[y.length - 1]! *= 1 - 1 / inner;
      },
    ],
    ["a transpose with two numbers at each other's place", "Transpose", "transpose", (_call, y) => {
      [y[1], y[y.length - 1]] = [y[y.length - 1]!, y[1]!];
    }],
    [
      "a sum that is 0.1 % too small",
      "Sum",
      "sum",
      (_call, y) => y.forEach((value, at) => y[at] = value * 0.999),
    ],
    ["a slice that begins one too late", "Slice", "slice", (_call, y) => y.copyWithin(0, 1)],
    ["a relu whose gradient is 1 at all numbers", "Step", "relu", (_call, y) => y.fill(1)],
  ];

for (const [mistake, kernel, operation, spoil] of WRONG_RESULTS) {
  Deno.test(`the suite finds ${mistake}`, async () => {
    using _backend = await startBackend(BACKEND);
    const { kernelFunc } = tf.getKernel(kernel, BACKEND);
    guardKernel(kernel, BACKEND, (original: Kernel) => (call) => {
      const result = original(call);
      // A copy: what moves no number answers the memory of its input.
      const values = (call.backend as unknown as { readSync(id: object): Float32Array }).readSync(
        result.dataId,
      );
      const copy = Float32Array.from(values);
      spoil(call, copy);
      return call.backend.makeTensorInfo(result.shape, result.dtype, copy);
    });
    try {
      assertNotEquals(await failuresOf(operation), []);
    } finally {
      tf.getKernel(kernel, BACKEND).kernelFunc = kernelFunc;
    }
  });
}
