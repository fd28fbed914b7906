/**
 * What the module exports. Addresses and sizes are those of tfjs' wasm memory, which it shares: it has no
 * data and no heap of its own, and nothing but constants as globals, so that nothing of tfjs' is written over.
 *
 * AssemblyScript, not TypeScript: built by `core/tensor/build/build_kernels.ts`, called through
 * `core/tensor/kernels/wasm_module.ts`.
 *
 * @module
 */
export { useWorkspace, workspaceBytes } from "./start";
export { gemm } from "./gemm";
export { products } from "./products";
export { layerNorm, layerNormGradient } from "./layer_norm";
export { biasGelu, gelu, geluGradient, geluGradientSums } from "./gelu";
export { softmax, softmaxGradient } from "./softmax";
export { dropout } from "./dropout";
export { adamW } from "./adamw";
export { columnSums, gatherRows, segmentSum, sumOfSquares } from "./sums";
