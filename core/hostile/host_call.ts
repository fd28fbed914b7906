/**
 * How a host calls a plugin of each port when it wants nothing but to be answered: the smallest arguments that the
 * port takes.
 *
 * @module
 */
import type { PortName } from "../manifest/families.ts";
import { Table } from "../table/table.ts";
import { toWire } from "../table/wire.ts";
import type { WireValue } from "../wall/values.ts";

/** A method and its arguments; made anew for each call, because buffers are moved. */
export interface HostCall {
  readonly method: string;
  readonly args: readonly WireValue[];
}

/**
 * The call for a port.
 *
 * @example
 * ```ts
 * import { hostCall } from "./host_call.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(hostCall("augmenter"), { method: "augment", args: [["a text"]] });
 * ```
 */
export function hostCall(port: PortName): HostCall {
  switch (port) {
    case "plugin":
      return { method: "attack", args: [] };
    case "head":
      return { method: "predict", args: [{ dtype: "float32", shape: [1, 4], data: new Float32Array(4) }] };
    case "augmenter":
      return { method: "augment", args: [["a text"]] };
    case "feature":
      return {
        method: "extractFeatures",
        args: [toWire(Table.from({ price: [1, 2] })) as unknown as WireValue],
      };
    case "callback":
      return {
        method: "notify",
        args: [[["onTrainBegin"]], { epoch: 0, step: 0, maxSteps: 4, shouldStop: false }],
      };
  }
}
