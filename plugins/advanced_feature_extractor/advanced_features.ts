/**
 * Statistical and temporal features of tables: the documented plugin of the guide.
 *
 * Rows are in the order of time. Windows that are not full yet, or in which a value is missing, have no
 * statistics, as in pandas; and no feature of a row is made of later ones, so they tell a model nothing of
 * what is to come.
 *
 * @module
 */
import type { FeatureConfig, RuntimeEvents } from "k-bert/sdk";
import {
  addColumns,
  type ColumnTable,
  FeaturePort,
  numberColumns,
  rolling,
  type Series,
  seriesOf,
} from "k-bert/sdk/tables";
import { calendarOf } from "./calendar.ts";
import { type ExtractionEvents, FeatureExtractionError } from "./extraction_error.ts";
import { type StatisticName, STATISTICS } from "./statistics.ts";
import { lagged, relativeChange, seasonality, trend } from "./temporal.ts";

/** Settings; see plugin.yaml. */
interface Settings extends FeatureConfig {
  readonly statistical_features: readonly StatisticName[];
  readonly temporal_features: readonly ("trend" | "seasonality" | "lag" | "change")[];
  readonly window_size: number;
  readonly season_length: number;
  readonly lag: number;
  readonly date_column?: string;
}

/** New columns by name. */
type Features = Record<string, Series | Int32Array>;

/**
 * Statistics of the last rows, and what the order of the rows tells, for each column of numbers.
 *
 * New columns are named after their column, the feature and the rows that it looks at:
 * `feature_price_mean_30`, `feature_price_trend_30` (per row), `feature_price_seasonality_7`,
 * `feature_price_lag_1`, `feature_price_change_1` (a share); and of a date `feature_day_day_of_week` (0 is
 * Monday) and `feature_day_month`.
 *
 * Performance: time O(rows × window) and memory O(rows × features) for each column.
 *
 * @example
 * ```ts
 * import { AdvancedFeatureExtractor } from "./advanced_features.ts";
 * import { EventBus, FeatureConfig } from "k-bert/sdk";
 * import { aq } from "k-bert/sdk/tables";
 * import { assertEquals } from "@std/assert";
 *
 * const config = FeatureConfig({
 *   ...{ name: "advanced_feature_extractor", input_columns: ["price"] },
 *   ...{ window_size: 4, season_length: 7, lag: 1 },
 *   ...{ statistical_features: ["max"] as const, temporal_features: ["trend"] as const },
 * });
 * const extractor = new AdvancedFeatureExtractor(config, new EventBus());
 * const features = await extractor.extractFeatures(aq.table({ price: [1, 3, 5, 7] }));
 * assertEquals(features.array("feature_price_max_4"), [null, null, null, 7]);
 * assertEquals(features.array("feature_price_trend_4"), [null, null, null, 2]);
 * ```
 */
export class AdvancedFeatureExtractor extends FeaturePort<Settings, RuntimeEvents & ExtractionEvents> {
  /**
   * The table with its features behind its own columns.
   *
   * @throws {FeatureExtractionError} if a column is missing, has no numbers or something else than them, or a
   * date is none
   */
  override async extractFeatures(data: ColumnTable): Promise<ColumnTable> {
    const plugin = this.name;
    const { input_columns } = this.config;
    const columns = input_columns.length > 0 ? input_columns : numberColumns(data);
    await this.eventBus.emit("plugin.feature_extraction_started", {
      ...{ plugin, columns },
      input_shape: [data.numRows(), data.numCols()],
    });

    const added = await this.#validated(() => this.#featuresOf(data, columns));
    const features = addColumns(data, added);

    await this.eventBus.emit("plugin.feature_extraction_completed", {
      plugin,
      output_shape: [features.numRows(), features.numCols()],
      new_features: Object.keys(added),
    });
    return features;
  }

  #featuresOf(data: ColumnTable, columns: readonly string[]): Features {
    const { output_prefix, date_column } = this.config;
    const features: Features = {};
    const put = (column: string, name: string, cells: Features[string]): void => {
      features[`${output_prefix}${column}_${name}`] = cells;
    };
    for (const column of columns) {
      const series = numbersOf(data, column);
      for (const [name, cells] of this.#statistics(series)) put(column, name, cells);
      for (const [name, cells] of this.#temporal(series)) put(column, name, cells);
    }
    if (date_column === undefined) return features;
    for (const [name, cells] of Object.entries(calendarOf(data, date_column))) put(date_column, name, cells);
    return features;
  }

  #statistics(series: Series): [name: string, Series][] {
    const { statistical_features, window_size } = this.config;
    return statistical_features.map((name) => [
      `${name}_${window_size}`,
      rolling(series, window_size, STATISTICS[name]),
    ]);
  }

  #temporal(series: Series): [name: string, Series][] {
    const { temporal_features, window_size, season_length, lag } = this.config;
    return temporal_features.map((name) => {
      switch (name) {
        case "trend":
          return [`trend_${window_size}`, trend(series, window_size)];
        case "seasonality":
          return [`seasonality_${season_length}`, seasonality(series, season_length)];
        case "lag":
          return [`lag_${lag}`, lagged(series, lag)];
        case "change":
          return [`change_${lag}`, relativeChange(series, lag)];
      }
    });
  }

  /** Says on the bus what is wrong with a column, before the caller hears it. */
  async #validated(compute: () => Features): Promise<Features> {
    try {
      return compute();
    } catch (error) {
      if (error instanceof FeatureExtractionError) {
        const { column, message: problem } = error;
        await this.eventBus.emit("plugin.feature_validation_failed", { plugin: this.name, column, problem });
      }
      throw error;
    }
  }
}

/** @throws {FeatureExtractionError} if there is no such column, or it has anything but numbers, or none */
function numbersOf(data: ColumnTable, column: string): Series {
  const advice = "name columns of numbers in input_columns";
  let series: Series;
  try {
    series = seriesOf(data, column);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new FeatureExtractionError(column, `${problem}; ${advice}`, { cause });
  }
  if (series.length === 0 || series.some((value) => value !== null)) return series;
  const message = `The column ${column} has no number in its ${series.length} rows; ${advice}`;
  throw new FeatureExtractionError(column, message);
}
