/**
 * What is computed from no numbers at all.
 *
 * Of an empty tensor wasm answers whatever lies in its memory, cpu a mean of 0, and webgpu an error about a
 * dispatch. A sum of nothing is 0 everywhere here; what has no value (the mean, the largest) is refused.
 *
 * @module
 */
import * as tf from "../../deps/tfjs.ts";
import { callKernel, guardKernel, type KernelCall } from "./kernel_calls.ts";
import { unsupported } from "./refusal.ts";

/** With an input `x` and attributes `axis` and `keepDims`. */
const WITHOUT_VALUE = ["Mean", "Max", "Min", "Prod", "All", "Any", "ArgMax", "ArgMin"];

interface Reduction {
  readonly axis: number | number[];
  readonly keepDims?: boolean;
}

/** Guards the reductions of a backend. */
export function refuseEmptyReductions(backendName: string): void {
  guardKernel<Reduction>("Sum", backendName, (original) => (call) => {
    const shape = emptyInto(call);
    if (!shape) return original(call);
    const dtype = tf.sumOutType(call.inputs["x"]!.dtype);
    return callKernel("Fill", call.backend, {}, { shape, value: 0, dtype });
  });
  for (const operation of WITHOUT_VALUE) {
    guardKernel<Reduction>(operation, backendName, (original) => (call) => {
      if (!emptyInto(call)) return original(call);
      const problem = `it has no value for a tensor of the shape [${call.inputs["x"]!.shape}]; leave it out`;
      throw unsupported({ backend: backendName, operation, problem, value: 0 });
    });
  }
  // The gradient of looking up no rows; wasm has none, and gets one that can do this.
  if (!tf.getKernel("UnsortedSegmentSum", backendName)) return;
  guardKernel<{ numSegments: number }>("UnsortedSegmentSum", backendName, (original) => (call) => {
    const [x, ids] = [call.inputs["x"]!, call.inputs["segmentIds"]!];
    if (!x.shape.includes(0)) return original(call);
    const shape = [call.attrs.numSegments, ...x.shape.slice(ids.shape.length)];
    return callKernel("Fill", call.backend, {}, { shape, value: 0, dtype: x.dtype });
  });
}

/** The shape of the result, if there are numbers in it and none in the input. */
function emptyInto({ inputs, attrs: { axis, keepDims } }: KernelCall<Reduction>): number[] | undefined {
  const { shape } = inputs["x"]!;
  if (!shape.includes(0)) return undefined;
  const axes = tf.util.parseAxisParam(axis, shape);
  const [kept] = tf.backend_util.computeOutAndReduceShapes(shape, axes);
  if (kept.includes(0)) return undefined;
  return keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept;
}
