/**
 * The port of a feature extractor: a table in, the table with more columns out.
 *
 * @module
 */
import type { RuntimeEvents } from "../../core/bus/events.ts";
import type { FeatureConfig } from "./config.ts";
import { type CallContext, PluginPort } from "./plugin_port.ts";

/** A value of a table. */
export type Cell = number | string | boolean | null;

/** A table by columns, each as long as all others. */
export type Columns = Readonly<Record<string, readonly Cell[]>>;

/**
 * Base class of feature extractors.
 *
 * @example
 * ```ts
 * import { type Columns, FeaturePort } from "./feature.ts";
 * import { FeatureConfig } from "./config.ts";
 * import { EventBus } from "./event_bus.ts";
 * import { assertEquals } from "../../core/deps/assert.ts";
 *
 * class Lengths extends FeaturePort {
 *   override extractFeatures(data: Columns): Columns {
 *     const lengths = this.config.input_columns.map((column) => [
 *       `${this.config.output_prefix}${column}_length`,
 *       data[column]!.map((cell) => String(cell).length),
 *     ]);
 *     return { ...data, ...Object.fromEntries(lengths) };
 *   }
 * }
 *
 * const lengths = new Lengths(FeatureConfig({ name: "lengths", input_columns: ["text"] }), new EventBus());
 * assertEquals(lengths.extractFeatures({ text: ["ham"] }), { text: ["ham"], feature_text_length: [3] });
 * ```
 */
export abstract class FeaturePort<
  Config extends FeatureConfig = FeatureConfig,
  Events extends object = RuntimeEvents,
> extends PluginPort<Config, Events> {
  /** The columns that it was given, unchanged, and new ones; a row for each row. */
  abstract extractFeatures(data: Columns, context?: CallContext): Promise<Columns> | Columns;
}
