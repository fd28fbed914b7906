/**
 * Row numbers that are outside of the table are refused on webgpu too, as the other backends do.
 *
 * There the row would be zeros. Ids can be looked at only while they are in ordinary memory: those of a
 * batch are, when they are first used; ones that were computed on the device are not read back for this.
 *
 * @module
 */
import { guardKernel } from "./kernel_calls.ts";
import { unsupported } from "./refusal.ts";
import type { WebGpuBackend } from "./webgpu_program.ts";

/** Guards `GatherV2`. */
export function refuseForeignIds(backendName: string): void {
  guardKernel<{ axis: number }>("GatherV2", backendName, (original) => (call) => {
    const [x, indices] = [call.inputs["x"]!, call.inputs["indices"]!];
    const { values } = (call.backend as WebGpuBackend).tensorMap.get(indices.dataId);
    const rows = x.shape.at(call.attrs.axis)!;
    const foreign = values && Array.from(values).find((id) => !(id >= 0 && id < rows));
    if (typeof foreign !== "number") return original(call);
    const problem = `the id ${foreign} is not one of the ${rows} from 0 to ${rows - 1}`;
    throw unsupported({ backend: backendName, operation: "GatherV2", problem, limit: rows, value: foreign });
  });
}
