import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type Columns, EventBus, FeatureConfig } from "k-bert/sdk";
import { TechnicalIndicatorFeatures } from "./technical_indicators.ts";

/** The closing prices of the table by which RSI is usually explained, to the cent. */
const PRICES = [
  44.34,
  44.09,
  44.15,
  43.61,
  44.33,
  44.83,
  45.10,
  45.42,
  45.84,
  46.08,
  45.89,
  46.03,
  45.61,
  46.28,
  46.28,
  46.00,
];

function extract(
  data: Columns,
  settings: Partial<ConstructorParameters<typeof TechnicalIndicatorFeatures>[0]> = {},
  bus = new EventBus(),
): Promise<Columns> {
  const config = FeatureConfig({
    ...{ name: "technical_indicators", input_columns: ["value"], window_size: 4, rsi_period: 14 },
    indicators: ["moving_average", "rsi", "bollinger_bands"] as const,
    ...settings,
  });
  return new TechnicalIndicatorFeatures(config, bus).extractFeatures(data);
}

Deno.test("TechnicalIndicatorFeatures has a moving average from the first full window on", async () => {
  const features = await extract({ value: [1, 2, 3, 4, 8] }, { indicators: ["moving_average"] });

  assertEquals(features, { value: [1, 2, 3, 4, 8], feature_value_ma_4: [null, null, null, 2.5, 4.25] });
});

Deno.test("TechnicalIndicatorFeatures has the RSI that the shares of ups and downs give by hand", async () => {
  const { feature_value_rsi: rsi } = await extract({ value: PRICES }, { indicators: ["rsi"] });

  // In whole cents. Ups of the first 14 changes: 6 + 72 + 50 + 27 + 32 + 42 + 24 + 14 + 67 = 334;
  // downs: 25 + 54 + 19 + 42 = 140. Then the down of 25 leaves the window and one of 28 comes in.
  assertEquals(rsi!.slice(0, 14), Array(14).fill(null));
  assertAlmostEquals(rsi![14] as number, 100 * 334 / (334 + 140), 1e-9);
  assertAlmostEquals(rsi![15] as number, 100 * 334 / (334 + 143), 1e-9);
});

Deno.test("TechnicalIndicatorFeatures has an RSI of 100 without a loss, 0 without a gain, none without a change", async () => {
  const settings = { indicators: ["rsi"], rsi_period: 2 } as const;
  const value = [1, 2, 3, 2, 1, 1, 1];

  const { feature_value_rsi: rsi } = await extract({ value }, settings);

  assertEquals(rsi, [null, null, 100, 50, 0, 0, null]);
});

Deno.test("TechnicalIndicatorFeatures has bands of two deviations, by the formula of squares", async () => {
  const { feature_value_bb_upper: upper, feature_value_bb_lower: lower } = await extract({ value: PRICES });

  for (let row = 0; row < PRICES.length; row++) {
    if (row < 3) {
      assertEquals([upper![row], lower![row]], [null, null]);
      continue;
    }
    const [a, b, c, d] = PRICES.slice(row - 3, row + 1) as [number, number, number, number];
    const total = a + b + c + d;
    // Σx² - (Σx)²/n over n - 1, where the plugin sums squared distances from the mean.
    const variance = (a * a + b * b + c * c + d * d - total * total / 4) / 3;
    assertAlmostEquals(upper![row] as number, total / 4 + 2 * Math.sqrt(variance), 1e-9);
    assertAlmostEquals(lower![row] as number, total / 4 - 2 * Math.sqrt(variance), 1e-9);
  }
  // 44.34, 44.09, 44.15, 43.61: the mean is 44.0475, and the squared distances are
  // 0.08555625 + 0.00180625 + 0.01050625 + 0.19140625 = 0.289275.
  assertAlmostEquals(upper![3] as number, 44.0475 + 2 * Math.sqrt(0.289275 / 3), 1e-9);
});

Deno.test("TechnicalIndicatorFeatures leaves out windows in which a value is missing", async () => {
  const value = [1, 2, null, 4, 5, Infinity, 7, 8, 9];
  const settings = { window_size: 2, indicators: ["moving_average"] } as const;

  const { feature_value_ma_2: average } = await extract({ value }, settings);

  assertEquals(average, [null, 1.5, null, null, 4.5, null, null, 7.5, 8.5]);
});

Deno.test("TechnicalIndicatorFeatures keeps the columns it was given, and tells what it added", async () => {
  using bus = new EventBus();
  const data = { day: ["mo", "tu"], value: [1, 2], volume: [10, 20] };
  const settings = {
    ...{ window_size: 2, input_columns: ["value", "volume"], output_prefix: "" },
    indicators: ["moving_average"],
  } as const;

  const features = await extract(data, settings, bus);

  assertEquals(features, { ...data, value_ma_2: [null, 1.5], volume_ma_2: [null, 15] });
  const feature_extractor = "TechnicalIndicatorFeatures";
  assertEquals(bus.history("feature.*").map(({ payload }) => payload), [
    { feature_extractor, input_shape: [2, 3], indicators: ["moving_average"] },
    { feature_extractor, output_shape: [2, 5], new_features: ["value_ma_2", "volume_ma_2"] },
  ]);
});

Deno.test("TechnicalIndicatorFeatures says which column is missing", async () => {
  await assertRejects(() => extract({ price: [1] }), TypeError, "There is no column value; there are price");
});
