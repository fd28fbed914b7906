/**
 * Serves an augmenter: texts with a seed for each.
 *
 * @module
 */
import type { Served, ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { type AugmentContext, AugmenterPort } from "../plugins/sdk/augmenter.ts";
import {
  contextOf,
  makePlugin,
  type PluginSetup,
  type PortServer,
  type ServedPlugin,
} from "./port_server.ts";

/** The augmenter port of a worker. */
export const serveAugmenter: PortServer = {
  serve(setup: PluginSetup): ServedPlugin {
    const plugin = makePlugin(setup, AugmenterPort, { seeded: true });
    return {
      plugin,
      methods: new Map([["augment", (call) => augment(plugin, call)]]),
      described: [{ name: "augment", parameters: 1, streams: false }],
      memory: {
        capture: () => plugin.textsSeen,
        losses: () => [],
        restore: (seen) => void (plugin.textsSeen = Number(seen)),
      },
    };
  },
};

async function augment(plugin: AugmenterPort, call: ServedCall): Promise<WireValue> {
  const [texts, { seeds } = {}] = call.args as unknown as [readonly string[], { seeds?: readonly number[] }?];
  const context: AugmentContext = Object.defineProperty(
    { ...(seeds && { seeds }) } as AugmentContext,
    "signal",
    { get: () => contextOf(call).signal, enumerable: true },
  );
  return await plugin.augment(texts, context) as Served as WireValue;
}
