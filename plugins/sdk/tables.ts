/**
 * What plugins that work on tables import, as `k-bert/sdk/tables`.
 *
 * @module
 */
export * as aq from "../../core/deps/arquero.ts";
export type { ColumnTable } from "../../core/deps/arquero.ts";
export { FeaturePort } from "./feature.ts";
export { addColumns, mean, numberColumns, rolling, seriesOf, std } from "./series.ts";
export type { Series } from "./series.ts";
