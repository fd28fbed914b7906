/**
 * The guide's technical indicators, on columns instead of data frames: the numbers are those of pandas'
 * `rolling()`, and null stands where pandas has NaN.
 *
 * @module
 */
import { type Columns, type FeatureConfig, FeaturePort } from "k-bert/sdk";

/** Settings; see plugin.yaml. */
interface Settings extends FeatureConfig {
  readonly window_size: number;
  readonly rsi_period: number;
  readonly indicators: readonly ("moving_average" | "rsi" | "bollinger_bands")[];
}

type Series = readonly (number | null)[];

/** New columns are named after the one that they are computed from: `feature_value_rsi`. */
export class TechnicalIndicatorFeatures extends FeaturePort<Settings> {
  override async extractFeatures(data: Columns): Promise<Columns> {
    const feature_extractor = this.constructor.name;
    const { indicators, input_columns } = this.config;
    await this.eventBus.emit("feature.extraction_started", {
      feature_extractor,
      input_shape: shapeOf(data),
      indicators,
    });

    const added = Object.assign({}, ...input_columns.map((column) => this.#indicatorsOf(column, data)));
    const features: Columns = { ...data, ...added };

    await this.eventBus.emit("feature.extraction_completed", {
      feature_extractor,
      output_shape: shapeOf(features),
      new_features: Object.keys(added),
    });
    return features;
  }

  #indicatorsOf(column: string, data: Columns): Columns {
    const { window_size, rsi_period, indicators, output_prefix } = this.config;
    const prices = numbersOf(column, data);
    const name = `${output_prefix}${column}`;
    const features: Record<string, Series> = {};
    if (indicators.includes("moving_average")) {
      features[`${name}_ma_${window_size}`] = rolling(prices, window_size, mean);
    }
    if (indicators.includes("rsi")) features[`${name}_rsi`] = rsi(prices, rsi_period);
    if (indicators.includes("bollinger_bands")) {
      features[`${name}_bb_upper`] = rolling(prices, window_size, (w) => mean(w) + 2 * deviation(w));
      features[`${name}_bb_lower`] = rolling(prices, window_size, (w) => mean(w) - 2 * deviation(w));
    }
    return features;
  }
}

/** A function of each window of so many values; null where there are not so many yet, or one is missing. */
function rolling(values: Series, size: number, compute: (window: readonly number[]) => number): Series {
  return values.map((_, last) => {
    const window = values.slice(Math.max(0, last + 1 - size), last + 1).filter((value) => value !== null);
    if (window.length < size) return null;
    const result = compute(window);
    return Number.isFinite(result) ? result : null;
  });
}

/** `100 - 100 / (1 + gains / losses)` of so many changes; null where nothing changed at all. */
function rsi(prices: Series, period: number): Series {
  const changes = prices.map((price, row) => {
    const before = prices[row - 1] ?? null;
    return price === null || before === null ? null : price - before;
  });
  return rolling(changes, period, (window) => {
    const gains = sum(window.map((change) => Math.max(change, 0)));
    const losses = sum(window.map((change) => Math.max(-change, 0)));
    return 100 - 100 / (1 + gains / losses);
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Of a sample, as pandas has it: divided by one less than there are. */
function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - center) ** 2)) / (values.length - 1));
}

function numbersOf(column: string, data: Columns): Series {
  const cells = data[column];
  if (cells === undefined) {
    throw new TypeError(`There is no column ${column}; there are ${Object.keys(data).join(", ")}`);
  }
  return cells.map((cell) => typeof cell === "number" && Number.isFinite(cell) ? cell : null);
}

/** Rows and columns. */
function shapeOf(data: Columns): [rows: number, columns: number] {
  const columns = Object.values(data);
  return [columns[0]?.length ?? 0, columns.length];
}
