/**
 * tfjs 4.22: tensors, automatic differentiation, and its cpu, wasm and webgpu backends.
 *
 * One built module (see `core/tensor/assets/README.md`) instead of `npm:@tensorflow/tfjs`: no permission,
 * no 65 MB download, a third of the load time, and the same code in the host and in a plugin's worker.
 * Nothing imports this file statically that a script without training also loads.
 *
 * @module
 */
// @ts-types="./tfjs.d.ts"
export * from "../tensor/assets/tfjs.js";
// @ts-types="./tfjs_wasm.d.ts"
export { default as wasmUrl } from "../tensor/assets/tfjs_wasm.js";
