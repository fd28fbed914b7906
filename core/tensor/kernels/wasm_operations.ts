/**
 * The operations of the table on our own wasm module, with their gradients.
 *
 * Each first asks for the shapes that it believes in: a kernel does not know where a tensor ends.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { composed, type Operations } from "./composed.ts";
import { differentiable, requireShape, rowsOf } from "./differentiable.ts";
import { wasmAttention } from "./wasm_attention.ts";
import { dropped } from "./wasm_dropout.ts";
import { wasmHeap } from "./wasm_heap.ts";
import { linearLayers } from "./wasm_linear.ts";
import type { WasmKernels } from "./wasm_functions.ts";

const { address, allocate } = wasmHeap;

/** Kernel per operation. */
export function wasmOperations(kernels: WasmKernels): Operations {
  return {
    ...linearLayers(kernels),
    ...rowWise(kernels),
    ...weighting(kernels),
    ...optimizer(kernels),
    attention: wasmAttention(kernels),
    embed: composed.embed, // of tfjs kernels that wasm_kernels.ts replaces
  };
}

function rowWise(kernels: WasmKernels): Pick<Operations, "layerNorm" | "gelu"> {
  return {
    layerNorm: (x, gamma, beta, epsilon) =>
      differentiable((save, x, gamma, beta) => {
        const width = x!.shape.at(-1)!;
        const rows = rowsOf(x!, width);
        for (const vector of [gamma!, beta!]) requireShape(vector, [width]);
        save([x!, gamma!]);
        const y = allocate(x!.shape);
        const from = [address(x!), address(gamma!), address(beta!)] as const;
        kernels.layerNorm(...from, address(y), rows, width, epsilon);
        return [y, (dy, [x, gamma]) => {
          const [dx, dGamma, dBeta] = [allocate(x!.shape), allocate([width]), allocate([width])];
          const from = [address(x!), address(gamma!), address(dy)] as const;
          const to = [address(dx), address(dGamma), address(dBeta)] as const;
          kernels.layerNormGradient(...from, ...to, rows, width, epsilon);
          return [dx, dGamma, dBeta];
        }];
      })(x, gamma, beta),

    gelu: differentiable((save, x) => {
      save([x!]);
      const y = allocate(x!.shape);
      kernels.gelu(address(x!), address(y), y.size);
      return [y, (dy, [x]) => {
        const dx = allocate(x!.shape);
        kernels.geluGradient(address(x!), address(dy), address(dx), dx.size);
        return [dx];
      }];
    }),
  };
}

function weighting(kernels: WasmKernels): Pick<Operations, "maskedSoftmax" | "dropout"> {
  return {
    maskedSoftmax: (scores, bias, scale) =>
      differentiable((save, scores) => {
        const [batch, , , width] = scores!.shape as [number, number, number, number];
        const rows = rowsOf(scores!, width);
        requireShape(bias, [batch, 1, 1, width]);
        const y = allocate(scores!.shape);
        kernels.softmax(address(scores!), address(bias), address(y), rows, width, rows / batch, scale);
        save([y]);
        return [y, (dy, [y]) => {
          const dx = allocate(y!.shape);
          kernels.softmaxGradient(address(y!), address(dy), address(dx), rows, width, scale);
          return [dx];
        }];
      })(scores),

    dropout: (x, rate, states) =>
      differentiable((_save, x) => {
        const drop = (x: tf.Tensor): tf.Tensor => dropped(kernels, x, rate, states);
        return [drop(x!), (dy) => [drop(dy)]];
      })(x),
  };
}

function optimizer(
  kernels: WasmKernels,
): Pick<Operations, "updateParameters" | "squaredNorm"> {
  return {
    updateParameters(updates, rule): void {
      const rate = rule.learningRate / rule.correction1;
      const rootScale = 1 / Math.sqrt(rule.correction2);
      const shares = [1 - rule.beta1, 1 - rule.beta2] as const;
      const { scale } = rule;
      for (const { parameter, gradient, moments, decay } of updates) {
        // The moments are this optimizer's own and change in place. The parameter is replaced: a clone that
        // somebody keeps shares its memory.
        const updated = allocate(parameter.shape);
        const from = [parameter, gradient, moments.first, moments.second].map(address) as Four;
        kernels.adamW(
          ...[...from, address(updated), updated.size] as const,
          ...[scale, ...shares, rate, rootScale, rule.epsilon, rule.learningRate * decay] as const,
        );
        parameter.assign(updated);
        updated.dispose();
      }
    },

    squaredNorm(gradients): Promise<number> {
      let sum = 0;
      for (const gradient of gradients) sum += kernels.sumOfSquares(address(gradient), gradient.size);
      return Promise.resolve(sum);
    },
  };
}

type Four = [number, number, number, number];
