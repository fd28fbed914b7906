/** JAX for JavaScript, which trains on wasm and webgpu: what `step-jax` measures, and nothing else uses. */
export {
  defaultDevice,
  init,
  jit,
  nn,
  numpy,
  type OwnedFunction,
  tree,
  valueAndGrad,
} from "npm:@jax-js/jax@0.1.25";
