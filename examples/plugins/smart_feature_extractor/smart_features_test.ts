import { assertEquals } from "@std/assert";
import { EventBus, FeatureConfig, Logger, MetricsCollector } from "k-bert/sdk";
import { SmartFeatureExtractor } from "./smart_features.ts";

const CONFIG = FeatureConfig({ name: "smart_feature_extractor", input_columns: ["text"] });

Deno.test("SmartFeatureExtractor.extractFeatures() counts words and capitals", () => {
  using bus = new EventBus();
  const extractor = new SmartFeatureExtractor(CONFIG, bus, new Logger(bus), new MetricsCollector(bus));

  assertEquals(extractor.extractFeatures({ text: ["WIN Äh! now", "", "42 "] }), {
    text: ["WIN Äh! now", "", "42 "],
    feature_text_words: [3, 0, 1],
    feature_text_loudness: [4 / 8, 0, 0],
  });
});

Deno.test("SmartFeatureExtractor says what it does to the logger and the metrics that it was given", () => {
  using bus = new EventBus();
  const ticks = [100, 107];
  const metrics = new MetricsCollector(bus, { now: () => ticks.shift()! });

  new SmartFeatureExtractor(CONFIG, bus, new Logger(bus), metrics).extractFeatures({ text: ["ham", "spam"] });

  assertEquals(bus.history(">").map(({ payload }) => payload), [
    { message: "Extracting features", fields: { samples: 2 } },
    { message: "Extracted features", fields: { columns: 3 } },
    { name: "feature_extraction", kind: "timer", value: 7, unit: "ms" },
  ]);
});
