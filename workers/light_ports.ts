/**
 * The ports that need no tensors.
 *
 * @module
 */
import type { Served } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { AugmenterPort } from "../plugins/sdk/augmenter.ts";
import { CallbackPort } from "../plugins/sdk/callback.ts";
import { FeaturePort } from "../plugins/sdk/feature.ts";
import { PluginPort } from "../plugins/sdk/plugin_port.ts";
import { type PortServer, serveMethods } from "./port_server.ts";

/** Moments of a training; see `CallbackMethods` of the SDK. */
const MOMENTS = /^on(Train|Epoch|Batch)(Begin|End)$/;

/** By the names of `entry_points`. */
export const LIGHT_PORTS: readonly (readonly [port: string, server: PortServer])[] = [
  ["plugin", serveMethods(PluginPort)],
  ["augmenter", serveMethods(AugmenterPort, { isCallable: (name) => name === "augment", seeded: true })],
  ["feature", serveMethods(FeaturePort, { isCallable: (name) => name === "extractFeatures" })],
  ["callback", serveMethods(CallbackPort, { isCallable: (name) => MOMENTS.test(name), answer: wishesOf })],
];

/** A callback answers by what it wrote into the state that it was given, its last argument. */
async function wishesOf(result: Served, args: readonly WireValue[]): Promise<WireValue> {
  await result;
  const { shouldStop } = args.at(-1) as { shouldStop?: WireValue };
  return { shouldStop: shouldStop === true };
}
