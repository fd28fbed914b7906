import { assertAlmostEquals, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createRuntime, readCsv, type Table } from "k-bert";
import { EventBus, FeatureConfig } from "k-bert/sdk";
import { aq, type ColumnTable } from "k-bert/sdk/tables";
import { TechnicalIndicatorFeatures } from "./technical_indicators.ts";

type Settings = Partial<ConstructorParameters<typeof TechnicalIndicatorFeatures>[0]>;
type Cells = readonly (number | null)[];

const ALL = ["moving_average", "rsi", "bollinger_bands"] as const;
const NEW = ["ma_20", "rsi", "bb_upper", "bb_lower"].map((name) => `feature_close_${name}`);

function extract(data: ColumnTable, settings: Settings = {}, bus = new EventBus()): Promise<ColumnTable> {
  const config = FeatureConfig({
    ...{ name: "technical_indicator_features", input_columns: [], window_size: 20, rsi_period: 14 },
    ...{ indicators: ALL, ...settings },
  });
  return new TechnicalIndicatorFeatures(config, bus).extractFeatures(data);
}

async function readTable(file: string): Promise<Table> {
  return readCsv(await Deno.readTextFile(new URL(`./testdata/${file}`, import.meta.url)), { file });
}

/** The same numbers, to 1e-9 of their size, and the same gaps. */
function assertSameNumbers(actual: ArrayLike<unknown>, expected: ArrayLike<unknown>): void {
  assertEquals(actual.length, expected.length);
  for (let row = 0; row < expected.length; row++) {
    const [found, right] = [actual[row], expected[row]];
    if (typeof right !== "number") assertEquals([row, found], [row, null]);
    else assertAlmostEquals(found as number, right, 1e-9 * Math.abs(right));
  }
}

/** One column of the features of a column `value`. */
async function column(name: string, value: Cells, settings: Settings): Promise<Cells> {
  return (await extract(aq.table({ value }), settings)).array(name) as Cells;
}

Deno.test("TechnicalIndicatorFeatures has the numbers of pandas on real prices, behind the wall", async () => {
  await using runtime = await createRuntime({ spares: 0 });
  const prices = await readTable("goog.csv");
  const plugin = "plugins/technical_indicator_features";
  const settings = { input_columns: ["close"] };

  const { table, reports } = await runtime.extractFeatures(prices, [{ plugin, settings }]);

  const golden = await readTable("golden.csv");
  for (const name of golden.names) assertSameNumbers(table.cells(`feature_${name}`), golden.cells(name));
  assertEquals(reports.map(({ outcome, newColumns }) => [outcome, newColumns]), [["computed", NEW]]);
  assertStrictEquals(table.column("close"), prices.column("close"));
  const feature_extractor = "TechnicalIndicatorFeatures";
  const heard = runtime.events.history("feature.*");
  assertEquals(heard.map(({ topic, payload }) => [topic.replace("feature.extraction_", ""), payload]), [
    ["started", { feature_extractor, input_shape: [504, 3], indicators: [...ALL] }],
    ["completed", { feature_extractor, output_shape: [504, 7], new_features: NEW }],
  ]);
});

Deno.test("TechnicalIndicatorFeatures has the first full windows that a person computes", async () => {
  const settings = { window_size: 4, rsi_period: 3 };

  assertEquals(await column("feature_value_ma_4", [1, 2, 3, 4, 8], settings), [null, null, null, 2.5, 4.25]);
  // Of 2, 4, 4, 6 the mean is 4 and the sum of squares 8: the sample's deviation is √(8/3).
  const value = [2, 4, 4, 6];
  const [upper, lower] = [4 + 2 * Math.sqrt(8 / 3), 4 - 2 * Math.sqrt(8 / 3)];
  assertEquals((await column("feature_value_bb_upper", value, settings))[3], upper);
  assertEquals((await column("feature_value_bb_lower", value, settings))[3], lower);
  // Changes: none, +2, 0, +2, -1, -3. Means of three: gains 2/3, 4/3, 2/3, 2/3 and losses 0, 0, 1/3, 4/3.
  const rsi = await column("feature_value_rsi", [2, 4, 4, 6, 5, 2], settings);
  assertEquals(rsi.slice(0, 4), [null, null, 100, 100]);
  assertAlmostEquals(rsi[4]!, 100 * 2 / 3, 1e-12);
  assertAlmostEquals(rsi[5]!, 100 * 1 / 3, 1e-12);
});

Deno.test("TechnicalIndicatorFeatures has no RSI where nothing changed, 100 without a loss, 0 without a gain", async () => {
  const settings = { rsi_period: 2 };

  assertEquals(await column("feature_value_rsi", [1, 2, 3, 2, 1, 1, 1], settings), [
    ...[null, 100, 100, 50, 0, 0, null],
  ]);
  // As pandas: a change that is not known counts as none.
  assertEquals(await column("feature_value_rsi", [1, 2, null, 4, 5, 5, 7], settings), [
    ...[null, 100, 100, null, 100, 100, 100],
  ]);
  assertEquals(await column("feature_value_rsi", [5, 5, 5], settings), [null, null, null]);
});

Deno.test("TechnicalIndicatorFeatures leaves out windows in which a value is missing", async () => {
  const value = [1, 2, null, 4, 5, Infinity, 7, 8, 9];
  const settings = { window_size: 2 };

  assertEquals(await column("feature_value_ma_2", value, settings), [
    ...[null, 1.5, null, null, 4.5, null, null, 7.5, 8.5],
  ]);
  assertEquals(await column("feature_value_bb_upper", [null, 3, 3], settings), [null, null, 3]);
});

Deno.test("TechnicalIndicatorFeatures keeps the columns it was given, and tells what it added", async () => {
  using bus = new EventBus();
  const data = aq.table({ day: ["mo", "tu"], value: [1, 2], volume: [10, 20] });
  const settings = {
    ...{ window_size: 2, input_columns: ["value", "volume"], output_prefix: "" },
    indicators: ["moving_average"],
  } as const;

  const features = await extract(data, settings, bus);

  assertEquals(features.objects(), [
    { day: "mo", value: 1, volume: 10, value_ma_2: null, volume_ma_2: null },
    { day: "tu", value: 2, volume: 20, value_ma_2: 1.5, volume_ma_2: 15 },
  ]);
  const feature_extractor = "TechnicalIndicatorFeatures";
  assertEquals(bus.history("feature.*").map(({ payload }) => payload), [
    { feature_extractor, input_shape: [2, 3], indicators: ["moving_average"] },
    { feature_extractor, output_shape: [2, 5], new_features: ["value_ma_2", "volume_ma_2"] },
  ]);
});

Deno.test("TechnicalIndicatorFeatures says which column is missing, no numbers, or there already", async () => {
  await assertRejects(
    () => extract(aq.table({ price: [1] }), { input_columns: ["value"] }),
    TypeError,
    "There is no column value; there are price",
  );
  await assertRejects(
    () => extract(aq.table({ value: ["1"] }), { input_columns: ["value"] }),
    TypeError,
    "The column value has to be numbers",
  );
  const again = aq.table({ value: [1], feature_value_rsi: [50] });
  await assertRejects(
    () => extract(again, { input_columns: ["value"] }),
    TypeError,
    "There is a column feature_value_rsi already",
  );
});

Deno.test("TechnicalIndicatorFeatures looks at every column of numbers unless it is told which", async () => {
  const data = aq.table({
    day: ["mo", "tu"],
    price: [1, 2],
    volume: Int32Array.of(10, 20),
    none: [null, null],
  });

  const features = await extract(data, { window_size: 2, indicators: ["moving_average"] });

  const added = ["feature_price_ma_2", "feature_volume_ma_2"];
  assertEquals(features.columnNames(), [...data.columnNames(), ...added]);
  assertEquals(added.map((name) => features.array(name)), [[null, 1.5], [null, 15]]);
  for (const name of data.columnNames()) assertStrictEquals(features.column(name), data.column(name));
});

Deno.test("TechnicalIndicatorFeatures keeps the cents of prices around 1e9", async () => {
  const [rows, size] = [20_000, 50];
  const cents = Array.from({ length: rows }, (_, row) => row * 7_919 % 13 - row * 104_729 % 11);
  const value = Float64Array.from(cents, (cent) => 1e9 + cent / 100);

  const features = await extract(aq.table({ value }), { window_size: size });

  const [upper, lower] = [features.array("feature_value_bb_upper"), features.array("feature_value_bb_lower")];
  for (let row = size - 1; row < rows; row += 97) {
    // In whole cents, so that both sums are exact. A price near 1e9 is known to 6e-8.
    const window = cents.slice(row + 1 - size, row + 1);
    const total = window.reduce((sum, cent) => sum + cent, 0);
    const squares = window.reduce((sum, cent) => sum + cent * cent, 0);
    const deviation = Math.sqrt((size * squares - total * total) / (size * (size - 1))) / 100;
    assertAlmostEquals(upper[row] as number - 1e9, total / size / 100 + 2 * deviation, 1e-6);
    assertAlmostEquals((upper[row] as number - (lower[row] as number)) / 4, deviation, 2e-7);
  }
});

Deno.test("TechnicalIndicatorFeatures has of a million prices what it has of the last", async () => {
  const prices = Float64Array.from({ length: 1_000_000 }, (_, row) => 1e3 + (row * 7_919 % 1_013) / 8);
  const short = await extract(aq.table({ value: prices.slice(-40) }));

  const long = await extract(aq.table({ value: prices }));

  for (const name of short.columnNames()) assertEquals(long.get(name, 999_999), short.get(name, 39));
});
