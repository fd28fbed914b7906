/**
 * The ports that need neither tensors nor tables.
 *
 * @module
 */
import { PluginPort } from "../plugins/sdk/plugin_port.ts";
import { serveAugmenter } from "./augmenter_server.ts";
import { serveCallback } from "./callback_server.ts";
import { type PortServer, serveMethods } from "./port_server.ts";

/** By the names of `entry_points`. */
export const LIGHT_PORTS: readonly (readonly [port: string, server: PortServer])[] = [
  ["plugin", serveMethods(PluginPort)],
  ["augmenter", serveAugmenter],
  ["callback", serveCallback],
];
