/**
 * No tensor with more than six axes is made on wasm.
 *
 * XNNPACK, which adds and multiplies there, takes six; of a seventh it complains to the console, and leaves in
 * the result what was in its memory before.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import type { WasmBackend } from "../kernels/wasm_heap.ts";
import { unsupported } from "./refusal.ts";

const MOST_AXES = 6;

const guarded = new WeakSet<object>();

/** Guards the outputs of the current backend, which has to be wasm. */
export function refuseWasmRanks(): void {
  const backend = tf.backend() as unknown as WasmBackend;
  if (guarded.has(backend)) return;
  guarded.add(backend);
  const makeOutput = backend.makeOutput.bind(backend);
  backend.makeOutput = (shape, ...rest) => {
    if (shape.length <= MOST_AXES) return makeOutput(shape, ...rest);
    const problem = `it has ${shape.length} axes, and the backend takes ${MOST_AXES}; join some by a reshape`;
    throw unsupported({
      ...{ backend: "wasm", operation: `a tensor of the shape [${shape}]`, problem },
      ...{ limit: MOST_AXES, value: shape.length },
    });
  };
}
