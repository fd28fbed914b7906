/**
 * No padding of a tensor with five axes or more on webgpu, and so no gradient of a slice of one.
 *
 * The shader that tfjs writes for it does not compile, and the result is zeros.
 *
 * @module
 */
import { guardKernel } from "./kernel_calls.ts";
import { unsupported } from "./refusal.ts";

const MOST_AXES = 4;

/** Guards `PadV2`. */
export function refuseWebGpuPadding(backend: string): void {
  guardKernel<{ paddings: readonly (readonly [number, number])[] }>(
    "PadV2",
    backend,
    (original) => (call) => {
      const { length } = call.inputs["x"]!.shape;
      const isPadded = call.attrs.paddings.some(([before, after]) => before > 0 || after > 0);
      if (length <= MOST_AXES || !isPadded) return original(call);
      const problem =
        `a tensor of ${length} axes is padded, and the backend pads ${MOST_AXES}; join some by a reshape`;
      throw unsupported({ backend, operation: "PadV2", problem, limit: MOST_AXES, value: length });
    },
  );
}
