/**
 * Technical indicators of prices, in the order of time: the numbers are those of pandas' `rolling()`, and
 * null stands where pandas has NaN.
 *
 * The RSI is that of the guide, with plain means instead of Wilder's smoothing; and as pandas' `where()` has
 * it, a change that is not known, the first one above all, counts as none.
 *
 * @see Wilder 1978, "New Concepts in Technical Trading Systems"
 * @see Bollinger 2001, "Bollinger on Bollinger Bands"; the deviation is that of a sample here, as in the
 * guide
 * @module
 */
import type { FeatureConfig } from "k-bert/sdk";
import {
  addColumns,
  type ColumnTable,
  FeaturePort,
  mean,
  numberColumns,
  rolling,
  type Series,
  seriesOf,
  std,
} from "k-bert/sdk/tables";

/** Settings; see plugin.yaml. */
interface Settings extends FeatureConfig {
  readonly window_size: number;
  readonly rsi_period: number;
  readonly indicators: readonly ("moving_average" | "rsi" | "bollinger_bands")[];
}

/**
 * Moving average, RSI and Bollinger bands of columns of prices. New columns are named after the one that they
 * are computed from: `feature_close_ma_20`, `feature_close_rsi` (from 0 to 100), `feature_close_bb_upper` and
 * `feature_close_bb_lower`; all but the RSI have the unit of the prices.
 */
export class TechnicalIndicatorFeatures extends FeaturePort<Settings> {
  /** @throws {TypeError} if a column is missing, or holds something else than numbers */
  override async extractFeatures(data: ColumnTable): Promise<ColumnTable> {
    const feature_extractor = this.constructor.name;
    const { indicators, input_columns } = this.config;
    await this.eventBus.emit("feature.extraction_started", {
      feature_extractor,
      input_shape: [data.numRows(), data.numCols()],
      indicators,
    });

    const columns = input_columns.length > 0 ? input_columns : numberColumns(data);
    const added = Object.assign({}, ...columns.map((column) => this.#indicatorsOf(column, data)));
    const features = addColumns(data, added);

    await this.eventBus.emit("feature.extraction_completed", {
      feature_extractor,
      output_shape: [features.numRows(), features.numCols()],
      new_features: Object.keys(added),
    });
    return features;
  }

  #indicatorsOf(column: string, data: ColumnTable): Record<string, Series> {
    const { window_size, rsi_period, indicators, output_prefix } = this.config;
    const prices = seriesOf(data, column);
    const name = `${output_prefix}${column}`;
    const features: Record<string, Series> = {};
    if (indicators.includes("moving_average")) {
      features[`${name}_ma_${window_size}`] = rolling(prices, window_size, mean);
    }
    if (indicators.includes("rsi")) features[`${name}_rsi`] = rsi(prices, rsi_period);
    if (indicators.includes("bollinger_bands")) {
      features[`${name}_bb_upper`] = rolling(prices, window_size, (window) => mean(window) + 2 * std(window));
      features[`${name}_bb_lower`] = rolling(prices, window_size, (window) => mean(window) - 2 * std(window));
    }
    return features;
  }
}

/** `100 - 100 / (1 + mean gain / mean loss)` of so many changes; null where nothing changed at all. */
function rsi(prices: Series, period: number): Series {
  const changes = prices.map((price, row) => {
    const before = prices[row - 1] ?? null;
    return price === null || before === null ? 0 : price - before;
  });
  const gains = rolling(changes.map((change) => Math.max(change, 0)), period, mean);
  const losses = rolling(changes.map((change) => Math.max(-change, 0)), period, mean);
  return combined(gains, losses, (gain, loss) => 100 - 100 / (1 + gain / loss));
}

/** Row by row; null where one of them is, or the result is not finite. */
function combined(a: Series, b: Series, compute: (a: number, b: number) => number): Series {
  return a.map((one, row) => {
    const other = b[row] ?? null;
    if (one === null || other === null) return null;
    const result = compute(one, other);
    return Number.isFinite(result) ? result : null;
  });
}
