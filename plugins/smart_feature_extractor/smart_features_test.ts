import { assertAlmostEquals, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { createRuntime, readCsv } from "k-bert";
import { EventBus, FeatureConfig, Logger, MetricsCollector } from "k-bert/sdk";
import { aq, type ColumnTable } from "k-bert/sdk/tables";
import { SmartFeatureExtractor } from "./smart_features.ts";

type Settings = Partial<ConstructorParameters<typeof SmartFeatureExtractor>[0]>;

const ALL = ["zscore", "bin", "missing", "frequency", "words", "loudness", "number"] as const;

function extract(data: ColumnTable, settings: Settings = {}): ColumnTable {
  const config = FeatureConfig({
    ...{ name: "smart_feature_extractor", input_columns: [], exclude: [], statistics: ALL, bins: 4 },
    ...{ max_categories: 20, ...settings },
  });
  const bus = new EventBus();
  return new SmartFeatureExtractor(config, bus, new Logger(bus), new MetricsCollector(bus)).extractFeatures(
    data,
  );
}

/** New columns by name. */
function added(data: ColumnTable, settings: Settings = {}): Record<string, unknown[]> {
  const names = extract(data, settings).columnNames().slice(data.numCols());
  return Object.fromEntries(names.map((name) => [name, [...extract(data, settings).array(name)]]));
}

Deno.test("SmartFeatureExtractor makes features by the kind of column, behind the wall", async () => {
  await using runtime = await createRuntime({ spares: 0, log: () => {} });
  const penguins = readCsv(await Deno.readTextFile("examples/penguins/penguins.csv"));
  const plugin = "plugins/smart_feature_extractor";
  const settings = { exclude: ["species"] };

  const { table, reports } = await runtime.extractFeatures(penguins, [{ plugin, settings }]);

  const numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"];
  assertEquals(reports[0]?.newColumns, [
    "feature_island_frequency",
    ...numbers.flatMap((name) => ["zscore", "bin", "is_missing"].map((made) => `feature_${name}_${made}`)),
    "feature_sex_frequency",
  ]);
  // What pandas and NumPy have: zscore(nan_policy="omit"), searchsorted(quantile(...), x),
  // value_counts(normalize).
  const scores = table.cells("feature_bill_length_mm_zscore") as (number | null)[];
  const expected = { 0: -0.8844987420334891, 20: -1.1229610188560535, 343: 1.0965724808001147 };
  for (const [row, score] of Object.entries(expected)) assertAlmostEquals(scores[Number(row)]!, score, 1e-12);
  assertEquals(scores[3], null);
  const bins = Map.groupBy(table.cells("feature_bill_length_mm_bin"), (name) => name);
  const sizes = ["lowest", "low", "high", "highest", null].map((name) => bins.get(name)?.length);
  assertEquals(sizes, [86, 85, 87, 84, 2]);
  const rows = [0, 3, 20].map((row) => table.row(row));
  assertEquals(rows.map((row) => row["feature_bill_length_mm_bin"]), ["lowest", null, "lowest"]);
  assertEquals(rows.map((row) => row["feature_bill_length_mm_is_missing"]), [false, true, false]);
  assertEquals(rows.map((row) => row["feature_island_frequency"]), [52 / 344, 52 / 344, 168 / 344]);
  assertEquals(rows.map((row) => row["feature_sex_frequency"]), [168 / 333, null, 165 / 333]);
  assertStrictEquals(table.column("species"), penguins.column("species"));
});

Deno.test("SmartFeatureExtractor makes what goes with numbers, categories, texts and booleans", () => {
  const data = aq.table({
    ...{ mass: [1, 2, null, 3], island: ["x", "y", "x", "x"], wild: [true, false, true, null] },
    ...{
      note: ["WIN now", "a", null, "b c d"],
      none: [null, null, null, null],
      seen: [true, true, false, true],
    },
  });
  const third = 1 / Math.sqrt(2 / 3);

  assertEquals(added(data), {
    feature_mass_zscore: [-third, 0, null, third],
    feature_mass_bin: ["lowest", "low", null, "highest"], // the edges are 1.5, 2 and 2.5
    feature_mass_is_missing: [false, false, true, false],
    feature_island_frequency: [0.75, 0.25, 0.75, 0.75],
    feature_wild_number: [1, 0, 1, null],
    feature_note_words: [2, 1, null, 3],
    feature_note_loudness: [0.5, 0, null, 0],
    feature_seen_number: [1, 1, 0, 1],
  });
  assertEquals(extract(data).column("feature_seen_number") as unknown, Int32Array.of(1, 1, 0, 1));
});

Deno.test("SmartFeatureExtractor looks at the columns and makes the statistics that it is told", () => {
  const data = aq.table({ a: [1, 2], b: [3, 4], label: ["no", "yes"] });
  const settings = { exclude: ["b"], statistics: ["bin", "number"], output_prefix: "f_", bins: 2 } as const;

  assertEquals(added(data, settings), { f_a_bin: ["bin 1 of 2", "bin 2 of 2"] });
  assertEquals(Object.keys(added(data, { input_columns: ["b"], exclude: [] })), [
    ...["feature_b_zscore", "feature_b_bin"],
  ]);
  assertStrictEquals(extract(data, settings).column("label"), data.column("label"));
});

Deno.test("SmartFeatureExtractor says which column is not there or holds values of several kinds", () => {
  const data = aq.table({ a: ["x", 1], b: [true, "no"] });

  for (const settings of [{ input_columns: ["c"] }, { exclude: ["c"] }]) {
    assertThrows(() => extract(data, settings), TypeError, "There is no column c; there are a, b");
  }
  const mixed = (name: string): Settings => ({ input_columns: [name] });
  assertThrows(
    () => extract(data, mixed("a")),
    TypeError,
    "The column a holds a number in row 2, expected a text",
  );
  assertThrows(
    () => extract(data, mixed("b")),
    TypeError,
    "The column b holds a string in row 2, expected a boolean",
  );
});

Deno.test("SmartFeatureExtractor says what it does to the logger and the metrics that it was given", () => {
  using bus = new EventBus();
  const ticks = [100, 107];
  const metrics = new MetricsCollector(bus, { now: () => ticks.shift()! });
  const config = FeatureConfig({
    ...{ name: "smart_feature_extractor", input_columns: ["text"], exclude: [], statistics: ALL, bins: 4 },
    max_categories: 20,
  });

  new SmartFeatureExtractor(config, bus, new Logger(bus), metrics).extractFeatures(
    aq.table({ text: ["ham", "spam"] }),
  );

  assertEquals(bus.history(">").map(({ payload }) => payload), [
    { message: "Extracting features", fields: { samples: 2 } },
    { message: "Extracted features", fields: { columns: 3 } },
    { name: "feature_extraction", kind: "timer", value: 7, unit: "ms" },
  ]);
});

Deno.test("SmartFeatureExtractor makes features of a million rows", () => {
  const rows = 1_000_000;
  const data = aq.table({
    mass: Float64Array.from({ length: rows }, (_, row) => row * 7_919 % 1_000_003),
    island: Array.from({ length: rows }, (_, row) => ["x", "y", "z", "x"][row % 4]!),
  });

  const features = extract(data);

  assertEquals(features.array("feature_island_frequency").slice(-4), [0.5, 0.25, 0.25, 0.5]);
  const scores = features.array("feature_mass_zscore") as number[];
  assertAlmostEquals(scores.reduce((sum, score) => sum + score * score, 0) / rows, 1, 1e-9);
});
