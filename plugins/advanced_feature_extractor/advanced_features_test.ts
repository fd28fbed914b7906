import { assertAlmostEquals, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createRuntime, KBertError, readCsv, type Table } from "k-bert";
import { EventBus, FeatureConfig, type RuntimeEvents } from "k-bert/sdk";
import { aq, type ColumnTable } from "k-bert/sdk/tables";
import { AdvancedFeatureExtractor } from "./advanced_features.ts";
import { type ExtractionEvents, FeatureExtractionError } from "./extraction_error.ts";

type Settings = Partial<ConstructorParameters<typeof AdvancedFeatureExtractor>[0]>;
type Events = RuntimeEvents & ExtractionEvents;

const PLUGIN = "advanced_feature_extractor";
const STATISTICS = ["mean", "std", "min", "max", "median", "skew", "kurtosis"] as const;
const TEMPORAL = ["trend", "seasonality", "lag", "change"] as const;

function extract(
  data: ColumnTable,
  settings: Settings = {},
  bus = new EventBus<Events>(),
): Promise<ColumnTable> {
  const config = FeatureConfig({
    ...{ name: PLUGIN, input_columns: [], window_size: 4, season_length: 2, lag: 1 },
    ...{ statistical_features: STATISTICS, temporal_features: TEMPORAL, ...settings },
  });
  return new AdvancedFeatureExtractor(config, bus).extractFeatures(data);
}

async function readTable(path: string): Promise<Table> {
  return readCsv(await Deno.readTextFile(new URL(path, import.meta.url)), { file: path });
}

/**
 * To 1e-9 of their size; what rounding leaves of a skew or a slope near 0 is told by the numbers it is made
 * of.
 */
function assertSameNumbers(actual: ArrayLike<unknown>, expected: ArrayLike<unknown>, name: string): void {
  assertEquals(actual.length, expected.length);
  for (let row = 0; row < expected.length; row++) {
    const [found, right] = [actual[row], expected[row]];
    if (typeof right !== "number") assertEquals([name, row, found], [name, row, null]);
    else {assertAlmostEquals(
        found as number,
        right,
        1e-9 * Math.max(1, Math.abs(right)),
        `${name} in row ${row}`,
      );}
  }
}

Deno.test("AdvancedFeatureExtractor has the numbers of pandas on real prices, behind the wall", async () => {
  await using runtime = await createRuntime<ExtractionEvents>({ spares: 0 });
  const prices = await readTable("../technical_indicator_features/testdata/goog.csv");
  const settings = {
    ...{ input_columns: ["close"], window_size: 30, season_length: 5, lag: 2, date_column: "date" },
    ...{ statistical_features: [...STATISTICS], temporal_features: [...TEMPORAL] },
  };

  const { table, reports } = await runtime.extractFeatures(prices, [{
    plugin: `plugins/${PLUGIN}`,
    settings,
  }]);

  const golden = await readTable("./testdata/golden.csv");
  for (const name of golden.names) {
    assertSameNumbers(table.cells(`feature_${name}`), golden.cells(name), name);
  }
  const new_features = golden.names.map((name) => `feature_${name}`);
  assertEquals(reports[0]?.newColumns, new_features);
  assertEquals(table.column("feature_date_month").type, "int32");
  assertStrictEquals(table.column("date"), prices.column("date"));
  const heard = runtime.events.history("plugin.*").filter(({ topic }) => topic.includes("feature"));
  assertEquals(heard.map(({ topic, source, payload }) => [topic, source, payload]), [
    ["plugin.feature_extraction_started", PLUGIN, {
      plugin: PLUGIN,
      input_shape: [504, 3],
      columns: ["close"],
    }],
    ["plugin.feature_extraction_completed", PLUGIN, {
      plugin: PLUGIN,
      output_shape: [504, 16],
      new_features,
    }],
  ]);
});

Deno.test("advanced_feature_extractor says behind the wall which column it cannot use", async () => {
  await using runtime = await createRuntime<ExtractionEvents>({ spares: 0 });
  const prices = await readTable("../technical_indicator_features/testdata/goog.csv");
  const plugin = { plugin: `plugins/${PLUGIN}`, settings: { input_columns: ["date"] } };
  const problem =
    "The column date has to be numbers; row 1 is a string; name columns of numbers in input_columns";

  const error = await assertRejects(() => runtime.extractFeatures(prices, [plugin]), KBertError, problem);

  const { name, message, column } = error.cause as FeatureExtractionError;
  assertEquals([name, message, column], ["FeatureExtractionError", problem, "date"]);
  const heard = runtime.events.history("plugin.feature_validation_failed");
  assertEquals(heard.map(({ payload }) => payload), [{ plugin: PLUGIN, column: "date", problem }]);
});

Deno.test("AdvancedFeatureExtractor looks at every column of numbers unless it is told which", async () => {
  const data = aq.table({
    day: ["mo", "tu"],
    price: [4, 5],
    volume: Int32Array.of(10, 5),
    none: [null, null],
  });

  const features = await extract(data, {
    ...{ statistical_features: [], output_prefix: "f_" },
    temporal_features: ["lag", "change"],
  });

  const added = ["f_price_lag_1", "f_price_change_1", "f_volume_lag_1", "f_volume_change_1"];
  assertEquals(features.columnNames(), [...data.columnNames(), ...added]);
  assertEquals(added.map((name) => features.get(name, 1)), [4, 0.25, 10, -0.5]);
  for (const name of data.columnNames()) assertStrictEquals(features.column(name), data.column(name));
});

Deno.test("AdvancedFeatureExtractor leaves out windows in which a value is missing", async () => {
  const data = aq.table({ value: [null, 1, 2, 3, 4, Infinity, 6, 7, 8, 9] });

  const features = await extract(data, { temporal_features: ["trend", "change"] });

  const rows = [4, 9]; // the last rows of the two windows without a gap
  for (const name of [...STATISTICS, "trend"]) {
    const cells: unknown[] = [...features.array(`feature_value_${name}_4`)];
    assertEquals([name, cells.flatMap((cell, row) => cell === null ? [] : [row])], [name, rows]);
  }
  assertEquals(features.array("feature_value_change_1")[6], null);
});

Deno.test("AdvancedFeatureExtractor makes the features of a row without the rows behind it", async () => {
  const value = Float64Array.from({ length: 60 }, (_, row) => row * 7_919 % 101);
  const names = (await extract(aq.table({ value }))).columnNames();

  const whole = await extract(aq.table({ value }));
  const half = await extract(aq.table({ value: value.slice(0, 30) }));

  for (const name of names) assertEquals([...whole.array(name)].slice(0, 30), [...half.array(name)]);
});

Deno.test("AdvancedFeatureExtractor says what to do about a column that it cannot use", async () => {
  using bus = new EventBus<Events>();
  const data = aq.table({ day: ["2024-02-29", "2023-02-29"], price: [1, 2], none: [null, NaN] });
  const advice = "name columns of numbers in input_columns";
  const cases: [Settings, message: string][] = [
    [{ input_columns: ["prize"] }, `There is no column prize; there are day, price, none; ${advice}`],
    [{ input_columns: ["price", "day"] }, `The column day has to be numbers; row 1 is a string; ${advice}`],
    [{ input_columns: ["none"] }, `The column none has no number in its 2 rows; ${advice}`],
    [
      { date_column: "date" },
      "There is no column date; there are day, price, none; name one of them in date_column",
    ],
    [
      { date_column: "day", input_columns: ["price"] },
      'The column day holds "2023-02-29" in row 2, expected a date such as 2008-10-14; change it, or name another column ' +
      "in date_column",
    ],
  ];
  for (const [settings, message] of cases) {
    const error = await assertRejects(() => extract(data, settings, bus), FeatureExtractionError);
    assertEquals(error.message, message);
  }

  const problems = bus.history("plugin.feature_validation_failed").map(({ payload }) => payload.problem);
  assertEquals(problems, cases.map(([, message]) => message));
  assertEquals(bus.history("plugin.feature_extraction_completed"), []);
});

Deno.test("AdvancedFeatureExtractor of a million rows has the last row that a short table has", async () => {
  const value = Float64Array.from({ length: 1_000_000 }, (_, row) => 1e3 + (row * 7_919 % 1_013) / 8);
  const settings: Settings = {
    ...{ window_size: 30, statistical_features: ["std", "median"], temporal_features: ["trend", "lag"] },
  };
  const short = await extract(aq.table({ value: value.slice(-40) }), settings);

  const long = await extract(aq.table({ value }), settings);

  for (const name of short.columnNames()) assertEquals(long.get(name, 999_999), short.get(name, 39));
});
