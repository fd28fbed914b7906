import { assertEquals, assertThrows } from "../../core/deps/assert.ts";
import { CallbackConfig, FeatureConfig, HeadConfig, PluginConfig } from "./config.ts";

const BASE = { version: "1.0.0", enabled: true, priority: 0, dependencies: [], parameters: {} };

Deno.test("HeadConfig() makes the guide's config with its defaults", () => {
  const config = HeadConfig({ name: "test_head", hidden_size: 768, num_labels: 2 });

  assertEquals({ ...config }, {
    ...{ ...BASE, name: "test_head", hidden_size: 768, num_labels: 2 },
    ...{ dropout_rate: 0.1, activation: "relu" },
  });
});

Deno.test("HeadConfig() keeps settings of its own, with their types", () => {
  interface Settings extends HeadConfig {
    readonly activation: "relu" | "tanh";
    readonly pooling: "cls" | "mean";
  }

  const config: Settings = HeadConfig({
    ...{ name: "test_head", version: "2.0.0", hidden_size: 4, num_labels: 2 } as const,
    activation: "tanh",
    pooling: "mean",
  });

  assertEquals([config.version, config.activation, config.pooling], ["2.0.0", "tanh", "mean"]);
});

Deno.test("HeadConfig() tells everything that is wrong, as for settings in a file", () => {
  const wrong = { name: "test_head", hidden_size: 0, dropout_rate: "much", enabled: 1 };

  const error = assertThrows(() => HeadConfig(wrong as unknown as HeadConfig), Error);

  assertEquals(error.message.split("\n"), [
    "HeadConfig: enabled: found 1, expected true or false (a setting of test_head)",
    "HeadConfig: hidden_size: found 0, expected at least 1 (a setting of test_head)",
    "HeadConfig: num_labels: missing, expected a whole number (a setting of test_head)",
    'HeadConfig: dropout_rate: found "much", expected a number (a setting of test_head)',
  ]);
});

Deno.test("configs do not compile without what has no default, or with another type", () => {
  const calls = [
    // @ts-expect-error a head has a number of labels
    () => HeadConfig({ name: "a", hidden_size: 4 }),
    // @ts-expect-error every plugin has a name
    () => CallbackConfig({ patience: 2 }),
    // @ts-expect-error features are made of columns
    () => FeatureConfig({ name: "a" }),
    // @ts-expect-error a priority is a number
    () => PluginConfig({ name: "a", priority: "high" }),
    // @ts-expect-error a config is read, not written
    () => void (CallbackConfig({ name: "a" }).patience = 3),
  ];
  assertEquals(calls.length, 5);
});
