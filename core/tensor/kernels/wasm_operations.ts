/**
 * The operations of the table on our own wasm module, with their gradients.
 *
 * Each first asks for the shapes that it believes in: a kernel does not know where a tensor ends.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { attentionOf, composed, linearGeluOf, type Operations } from "./composed.ts";
import { differentiable, requireShape, rowsOf } from "./differentiable.ts";
import { now } from "../varying.ts";
import { wasmHeap } from "./wasm_heap.ts";
import { multiply } from "./wasm_matmul.ts";
import type { WasmModule } from "./wasm_module.ts";

const { address, allocate } = wasmHeap;

/** Kernel per operation, for one open module. */
export function wasmOperations(module: WasmModule): Operations {
  const layer = layers(module);
  const parts = weighting(module);
  return {
    ...layer,
    ...parts,
    ...optimizer(module),
    linearGelu: linearGeluOf(layer),
    attention: attentionOf(parts),
    embed: composed.embed, // of tfjs kernels that wasm_kernels.ts replaces
  };
}

function layers(module: WasmModule): Pick<Operations, "linear" | "layerNorm" | "gelu"> {
  const { kernels } = module;
  return {
    linear: differentiable((save, x, weight, bias) => {
      const [outputs, inputs] = weight!.shape as [number, number];
      const rows = rowsOf(x!, inputs);
      requireShape(bias!, [outputs]);
      save([x!, weight!]);
      const y = allocate([...x!.shape.slice(0, -1), outputs]);
      multiply(module, {
        ...{ a: address(x!), b: address(weight!), c: address(y), bias: address(bias!), transposeB: true },
        ...{ rows, columns: outputs, inner: inputs },
      });
      return [y, (dy, [x, weight]) => {
        const [dx, dWeight, dBias] = [allocate(x!.shape), allocate(weight!.shape), allocate([outputs])];
        multiply(module, {
          ...{ a: address(dy), b: address(weight!), c: address(dx) },
          ...{ rows, columns: inputs, inner: outputs },
        });
        multiply(module, {
          ...{ a: address(dy), b: address(x!), c: address(dWeight), transposeA: true },
          ...{ rows: outputs, columns: inputs, inner: rows },
        });
        kernels.columnSums(address(dy), address(dBias), rows, outputs);
        return [dx, dWeight, dBias];
      }];
    }),

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

function weighting({ kernels, scratch }: WasmModule): Pick<Operations, "maskedSoftmax" | "dropout"> {
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

    dropout: (x, rate, states) => {
      // `draw < rate 2^32` with a whole draw is `draw <= last`, which is a whole number too.
      const last = Math.ceil(rate * 2 ** 32) - 1;
      const drop = (x: tf.Tensor): tf.Tensor => {
        const y = allocate(x.shape);
        wasmHeap.write(scratch, now(states));
        kernels.dropout(address(x), address(y), y.size, scratch, last, 1 / (1 - rate));
        return y;
      };
      return differentiable((_save, x) => [drop(x!), (dy) => [drop(dy)]])(x);
    },
  };
}

function optimizer(
  { kernels }: WasmModule,
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
