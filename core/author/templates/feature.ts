/**
 * The template of a feature extractor.
 *
 * @module
 */
import type { PluginNames } from "../plugin_names.ts";
import type { Template } from "./template.ts";

/** An extractor that adds a column to each that it is given. */
export function featureTemplate({ plugin, file, className }: PluginNames): Template {
  return {
    description: "Adds to columns of numbers how much they have changed since some rows before",
    performance: "Time and memory are O(rows × input columns), whatever `rows_back` is.",
    manifest: `configuration:
  rows_back:
    type: int
    default: 1
    min: 1
    description: How many rows before a row it is compared with

events:
  emits:
    - feature.extraction_completed
`,
    source: `/**
 * A feature extractor: for each column of numbers, the change since some rows before.
 *
 * @module
 */
import { defineConfiguration, type FeatureConfig, type InferSettings } from "k-bert/sdk";
import { addColumns, type ColumnTable, FeaturePort, type Series, seriesOf } from "k-bert/sdk/tables";

/** The same as in plugin.yaml, for the compiler; when the plugin is loaded, the two are compared. */
const configuration = defineConfiguration({
  rows_back: { type: "int", default: 1, min: 1 },
});

type Settings = FeatureConfig & InferSettings<typeof configuration>;

/** Adds a column \`<output_prefix><column>_change\` for each of \`input_columns\`. */
export class ${className} extends FeaturePort<Settings> {
  static readonly configuration = configuration;

  /** @throws {TypeError} if a column is missing, or has anything but numbers */
  override async extractFeatures(data: ColumnTable): Promise<ColumnTable> {
    const { input_columns, output_prefix, rows_back } = this.config;
    const added = Object.fromEntries(
      input_columns.map((
        name,
      ) => [\`\${output_prefix}\${name}_change\`, changes(seriesOf(data, name), rows_back)]),
    );
    const features = addColumns(data, added);
    await this.eventBus.emit("feature.extraction_completed", {
      feature_extractor: this.constructor.name,
      output_shape: [features.numRows(), features.numCols()],
      new_features: Object.keys(added),
    });
    return features;
  }
}

/** Null where one of the two numbers is missing. */
function changes(series: Series, rowsBack: number): Series {
  return series.map((value, row) => {
    const before = series[row - rowsBack] ?? null;
    return value === null || before === null ? null : value - before;
  });
}
`,
    test: `import { assertEquals, assertRejects } from "@std/assert";
import { fromWire, Table, toWire } from "k-bert";
import { FeatureConfig } from "k-bert/sdk";
import { aq } from "k-bert/sdk/tables";
import { pluginTest } from "k-bert/sdk/testing";
import { ${className} } from "./${file}.ts";

const settings = { input_columns: ["price"], rows_back: 2 };
const config = FeatureConfig({ name: "${plugin}", ...settings });
const PRICES = [1, 2, 4, null, 16];

pluginTest("${className} adds the change of each column, and tells which it has added", async (test) => {
  const features = new ${className}(config, test.eventBus);

  const table = await features.extractFeatures(aq.table({ price: PRICES }));

  assertEquals(table.columnNames(), ["price", "feature_price_change"]);
  assertEquals(table.array("feature_price_change"), [null, null, 3, null, 12]);
  test.assertEventEmitted("feature.extraction_completed", { new_features: ["feature_price_change"] });
});

pluginTest("${className} says which column is missing", async (test) => {
  const features = new ${className}(config, test.eventBus);

  await assertRejects(() => features.extractFeatures(aq.table({ cost: [1] })), TypeError, "no column price");
});

pluginTest("${className} does the same in a worker", async (test) => {
  const answer = await test.withPlugin(import.meta.dirname!, { port: "feature", settings }, (plugin) => {
    return plugin.methods().extractFeatures(toWire(Table.from({ price: PRICES })));
  });

  assertEquals(fromWire(answer).cells("feature_price_change"), [null, null, 3, null, 12]);
});
`,
  };
}
