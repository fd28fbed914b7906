/**
 * The ports that need no tensors.
 *
 * @module
 */
import { FeaturePort } from "../plugins/sdk/feature.ts";
import { PluginPort } from "../plugins/sdk/plugin_port.ts";
import { serveAugmenter } from "./augmenter_server.ts";
import { serveCallback } from "./callback_server.ts";
import { type PortServer, serveMethods } from "./port_server.ts";

/** By the names of `entry_points`. */
export const LIGHT_PORTS: readonly (readonly [port: string, server: PortServer])[] = [
  ["plugin", serveMethods(PluginPort)],
  ["augmenter", serveAugmenter],
  ["feature", serveMethods(FeaturePort, { isCallable: (name) => name === "extractFeatures" })],
  ["callback", serveCallback],
];
