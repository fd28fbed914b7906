/**
 * Serves a feature extractor: a table's buffers in, an arquero table in the plugin's hands, and the buffers of all
 * columns back. Columns that the plugin did not touch go back as they came; nothing of them is copied.
 *
 * @module
 */
import { fromArquero, toArquero } from "../core/table/arquero_table.ts";
import type { Column } from "../core/table/column.ts";
import { Table } from "../core/table/table.ts";
import { fromWire, toWire } from "../core/table/wire.ts";
import type { ServedCall } from "../core/wall/options.ts";
import type { WireValue } from "../core/wall/values.ts";
import { FeaturePort } from "../plugins/sdk/feature.ts";
import {
  contextOf,
  makePlugin,
  type PluginSetup,
  type PortServer,
  type ServedPlugin,
} from "./port_server.ts";

/** The feature port of a worker. */
export const serveFeatures: PortServer = {
  serve(setup: PluginSetup): ServedPlugin {
    const plugin = makePlugin(setup, FeaturePort);
    return {
      plugin,
      methods: new Map([["extractFeatures", (call) => extract(plugin, call)]]),
      described: [{ name: "extractFeatures", parameters: 1, streams: false }],
    };
  },
};

async function extract(plugin: FeaturePort, call: ServedCall): Promise<WireValue> {
  const given = fromWire(call.args[0]);
  const answer: unknown = await plugin.extractFeatures(toArquero(given), contextOf(call));
  if (typeof (answer as { columnNames?: unknown } | undefined)?.columnNames !== "function") {
    throw new TypeError(`extractFeatures() of ${plugin.constructor.name} has to return an arquero table`);
  }
  const table = fromArquero(answer as Parameters<typeof fromArquero>[0], given);
  return toWire(prefixed(table, given, plugin.config.output_prefix)) as unknown as WireValue;
}

/**
 * New columns say by their names that they are features.
 *
 * @throws {TypeError} if two would have the same name then
 */
function prefixed(table: Table, given: Table, prefix: string): Table {
  const columns = new Map<string, Column>();
  for (const [name, column] of table.columns) {
    const isNamed = given.has(name) || name.startsWith(prefix);
    const shown = isNamed ? name : prefix + name;
    if (columns.has(shown) || !isNamed && table.has(shown)) {
      throw new TypeError(
        `The new column ${name} would be ${shown}, and there is one already; call it otherwise`,
      );
    }
    columns.set(shown, column);
  }
  return new Table(columns);
}
