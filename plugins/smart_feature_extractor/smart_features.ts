/**
 * The guide's injectable extractor: it looks at what is in each column, and makes what goes with it.
 *
 * What it needs are defaults of its constructor, so that the runtime fills them in and a test passes its own.
 * Means, quantiles and shares are those of the whole table that it is given: whoever wants to test on rows of
 * which nothing was known leaves them out of it.
 *
 * @module
 */
import { EventBus, type FeatureConfig, inject, Logger, MetricsCollector } from "k-bert/sdk";
import { addColumns, type ColumnTable, FeaturePort, type Series, seriesOf } from "k-bert/sdk/tables";
import { booleansOf, kindOf, textsOf, wholeNumbers } from "./cells.ts";
import { binNames, zScores } from "./numbers.ts";
import { areCategories, loudness, shares, type Texts, wordCount } from "./texts.ts";

/** What can be made. */
type Statistic = "zscore" | "bin" | "missing" | "frequency" | "words" | "loudness" | "number";

/** Settings; see plugin.yaml. */
interface Settings extends FeatureConfig {
  readonly exclude: readonly string[];
  readonly statistics: readonly Statistic[];
  readonly bins: number;
  readonly max_categories: number;
}

/** A new column, and what its name ends with. */
type Cells = readonly (number | string | boolean | null)[] | Int32Array;
type Made = readonly [statistic: Statistic, suffix: string, cells: Cells];

/**
 * Makes, by the kind of a column:
 *
 * | kind       | new columns                                                                        |
 * | ---------- | ---------------------------------------------------------------------------------- |
 * | numbers    | `_zscore`; `_bin`, such as `lowest`; `_is_missing`, a boolean, if some are missing |
 * | categories | `_frequency`, the share of the rows with this text                                |
 * | texts      | `_words`, how many; `_loudness`, the share of the letters that are capitals        |
 * | booleans   | `_number`, 0 or 1                                                                  |
 *
 * Where nothing is known, there is null. A column without a value has no kind, and nothing is made of it.
 *
 * @example
 * ```ts
 * import { SmartFeatureExtractor } from "./smart_features.ts";
 * import { EventBus, FeatureConfig, Logger, MetricsCollector } from "k-bert/sdk";
 * import { aq } from "k-bert/sdk/tables";
 * import { assertEquals } from "@std/assert";
 *
 * const bus = new EventBus();
 * const config = FeatureConfig({
 *   ...{ name: "smart_feature_extractor", input_columns: [], exclude: ["species"] },
 *   ...{ statistics: ["bin", "words"] as const, bins: 4, max_categories: 20 },
 * });
 * const extractor = new SmartFeatureExtractor(config, bus, new Logger(bus), new MetricsCollector(bus));
 * const penguins = aq.table({ mass: [3_750, 4_800], species: ["Adelie", "Gentoo"] });
 * const features = extractor.extractFeatures(penguins);
 * assertEquals(features.array("feature_mass_bin"), ["lowest", "highest"]);
 * ```
 */
export class SmartFeatureExtractor extends FeaturePort<Settings> {
  override readonly logger: Logger;
  override readonly metrics: MetricsCollector;

  constructor(
    config: Settings,
    eventBus = inject(EventBus),
    logger = inject(Logger),
    metrics = inject(MetricsCollector),
  ) {
    super(config, eventBus);
    this.logger = logger;
    this.metrics = metrics;
  }

  /**
   * @throws {TypeError} if there is no column of a name in the settings, or one holds values of several kinds
   */
  override extractFeatures(data: ColumnTable): ColumnTable {
    using _timer = this.metrics.timer("feature_extraction");
    this.logger.info("Extracting features", { samples: data.numRows() });

    const { statistics, output_prefix } = this.config;
    const added = this.#columnsOf(data).flatMap((column) =>
      this.#featuresOf(data, column).filter(([statistic]) => statistics.includes(statistic))
        .map(([, suffix, cells]) => [`${output_prefix}${column}_${suffix}`, cells] as const)
    );
    const features = addColumns(data, Object.fromEntries(added));

    this.logger.info("Extracted features", { columns: features.numCols() });
    return features;
  }

  #columnsOf(data: ColumnTable): readonly string[] {
    const { input_columns, exclude } = this.config;
    const names = data.columnNames();
    const unknown = [...input_columns, ...exclude].find((name) => !names.includes(name));
    if (unknown !== undefined) {
      const known = names.join(", ").slice(0, 500) || "none";
      throw new TypeError(`There is no column ${unknown}; there are ${known}`);
    }
    return (input_columns.length > 0 ? input_columns : names).filter((name) => !exclude.includes(name));
  }

  #featuresOf(data: ColumnTable, column: string): Made[] {
    switch (kindOf(data, column)) {
      case "number":
        return this.#ofNumbers(seriesOf(data, column));
      case "string":
        return this.#ofTexts(textsOf(data, column));
      case "boolean":
        return [["number", "number", wholeNumbers(booleansOf(data, column), Number)]];
      default:
        return [];
    }
  }

  #ofNumbers(series: Series): Made[] {
    const made: Made[] = [
      ["zscore", "zscore", zScores(series)],
      ["bin", "bin", binNames(series, this.config.bins)],
    ];
    const isMissing = series.map((value) => value === null);
    return isMissing.includes(true) ? [...made, ["missing", "is_missing", isMissing]] : made;
  }

  #ofTexts(texts: Texts): Made[] {
    if (areCategories(texts, this.config.max_categories)) return [["frequency", "frequency", shares(texts)]];
    return [
      ["words", "words", wholeNumbers(texts, wordCount)],
      ["loudness", "loudness", texts.map((text) => text === null ? null : loudness(text))],
    ];
  }
}
