/**
 * The port of a feature extractor: a table in, the table with more columns out.
 *
 * The table is arquero's, so what data frames do is at hand. It shares the memory that came across the wall.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import type { ColumnTable } from "../../core/deps/arquero.ts";
import type { FeatureConfig } from "./config.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

/**
 * Base class of feature extractors; from `k-bert/sdk/tables`.
 *
 * @example
 * ```ts
 * import { FeaturePort } from "./feature.ts";
 * import { FeatureConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import * as aq from "../../core/deps/arquero.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class Lengths extends FeaturePort {
 *   override extractFeatures(data: aq.ColumnTable): aq.ColumnTable {
 *     const [column] = this.config.input_columns;
 *     return data.derive({ length: aq.escape((row: Record<string, string>) => row[column!]!.length) });
 *   }
 * }
 *
 * const lengths = new Lengths(FeatureConfig({ name: "lengths", input_columns: ["text"] }), new EventBus());
 * const features = lengths.extractFeatures(aq.table({ text: ["ham", "salami"] }));
 * assertEquals(features.array("length"), [3, 6]);
 * ```
 */
export abstract class FeaturePort<
  Config extends FeatureConfig = FeatureConfig,
  Events extends object = RuntimeEvents,
> extends PluginPort<Config, Events> {
  /**
   * The columns that it was given, unchanged, and new ones; a row for each row, in the same order. The runtime puts
   * `output_prefix` before names of new columns that do not begin with it. Numbers have to be finite: `null` stands
   * where there is none.
   */
  abstract extractFeatures(data: ColumnTable, context?: CallContext): Promise<ColumnTable> | ColumnTable;
}
