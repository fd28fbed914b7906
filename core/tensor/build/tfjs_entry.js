// What goes into core/tensor/assets/tfjs.js. tfjs registers its parts as a side effect of importing them.
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";
import "@tensorflow/tfjs-backend-cpu";
import { env } from "@tensorflow/tfjs-core";

export * from "@tensorflow/tfjs-core";
export { BackendWasm, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
export { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";

// tfjs knows browsers and Node.js; without a platform it cannot even tell the time. Captured now, because
// a plugin's worker loses `fetch` afterwards (here it only ever reads the `data:` URL of the wasm bytes).
const { fetch, performance, setTimeout, TextDecoder, TextEncoder } = globalThis;
const TypedArray = Object.getPrototypeOf(Uint8Array);
env().platform = null; // in a worker tfjs has found "a browser", and warns about being told otherwise
env().setPlatform("deno", {
  fetch: (url, init) => fetch(url, init),
  now: () => performance.now(),
  encode: (text) => new TextEncoder().encode(text),
  decode: (bytes, encoding) => new TextDecoder(encoding).decode(bytes),
  setTimeoutCustom: (run, delay) => void setTimeout(run, delay),
  isTypedArray: (value) => value instanceof TypedArray,
});
