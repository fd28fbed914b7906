import { assertEquals, assertThrows } from "../deps/assert.ts";
import { checkSettings } from "./declaration.ts";
import { defineConfiguration } from "./define.ts";
import { CONFIG_FAMILIES, configurationOf, familyProblems, type PortName } from "./families.ts";
import { completeConfig, parseSettings } from "./settings.ts";

const NONE = { name: "a", configuration: {} };

for (
  const [port, given, settings] of [
    ["plugin", {}, {}],
    ["head", { hidden_size: 4, num_labels: 2 }, {
      ...{ hidden_size: 4, num_labels: 2, dropout_rate: 0.1, activation: "relu" },
    }],
    ["augmenter", {}, { augmentation_probability: 0.5, max_augmentations_per_sample: 1 }],
    ["feature", { input_columns: ["a"] }, { input_columns: ["a"], output_prefix: "feature_" }],
    ["callback", {}, { monitor: "val_loss", patience: 10, min_delta: 0.001 }],
  ] as const
) {
  Deno.test(`parseSettings() gives a ${port} the guide's defaults, whatever its manifest declares`, () => {
    assertEquals(parseSettings(NONE, port, given, "k-bert.yaml"), settings);
    assertEquals(parseSettings(NONE, port, { ...given, parameters: { x: 1 } }, "k-bert.yaml"), {
      ...settings,
      parameters: { x: 1 },
    });
  });
}

Deno.test("parseSettings() requires what a family has no default for, unless the manifest has one", () => {
  const message = "k-bert.yaml: input_columns: missing, expected a list (a setting of a)";
  assertThrows(() => parseSettings(NONE, "feature", {}, "k-bert.yaml"), Error, message);

  const configuration = { input_columns: { type: "list", default: ["text"] } } as const;
  assertEquals(parseSettings({ name: "a", configuration }, "feature", {}, "k-bert.yaml"), {
    input_columns: ["text"],
    output_prefix: "feature_",
  });
});

Deno.test("configurationOf() keeps what the family says where the manifest says nothing", () => {
  const { dropout_rate, num_labels, activation, hidden_size } = configurationOf({
    dropout_rate: { type: "float", max: 5 },
    num_labels: { type: "int", min: 2 },
    activation: { type: "enum", values: ["tanh"], required: true },
    hidden_size: { type: "int", default: 768 },
  }, "head");

  assertEquals([dropout_rate?.min, dropout_rate?.max, dropout_rate?.default], [0, 0.99, 0.1]);
  assertEquals([num_labels?.min, num_labels?.required], [2, true]);
  assertEquals([activation?.required, activation?.default], [true, undefined]);
  assertEquals([hidden_size?.required, hidden_size?.default, hidden_size?.min], [false, 768, 1]);
});

Deno.test("familyProblems() looks into the items of lists", () => {
  const items = (type: "int" | "enum") => ({
    input_columns: { type: "list", items: { type, ...(type === "enum" ? { values: ["a"] } : {}) } },
  } as const);

  assertEquals(familyProblems(items("enum"), "feature"), []);
  assertEquals(familyProblems(items("int"), "feature"), [
    {
      path: ["input_columns", "items", "type"],
      message: 'found "int", expected string, its type in every feature',
    },
  ]);
  assertEquals(familyProblems(items("int"), "head"), []);
});

Deno.test("CONFIG_FAMILIES make sense as declarations", () => {
  for (const port of Object.keys(CONFIG_FAMILIES) as PortName[]) {
    defineConfiguration(CONFIG_FAMILIES[port]);
  }
});

Deno.test("completeConfig() takes name, priority and parameters from the use, the rest from the manifest", () => {
  const manifest = { name: "stopper", version: "1.2.0", dependencies: ["words>=1"] };
  const settings = { patience: 1, parameters: { x: 1 } };

  const config = completeConfig(manifest, settings, { name: "stopper_2", enabled: false });

  assertEquals(config, {
    ...{ name: "stopper_2", version: "1.2.0", enabled: false, priority: 0, dependencies: ["words>=1"] },
    ...{ parameters: { x: 1 }, patience: 1 },
  });
});

Deno.test("defineConfiguration() tells all that is wrong within, of code that no compiler has seen", () => {
  const odd = {
    a: { type: "flot" },
    b: { type: "list", items: { type: "bool", max: 1 } },
    c: {
      type: "object",
      properties: { d: { type: "enum" }, e: { type: "int", required: true, default: 1 } },
    },
  };

  const error = assertThrows(() => defineConfiguration(odd as never), Error);

  assertEquals(error.message.split("\n"), [
    'defineConfiguration: a.type: found "flot", expected one of int, float, string, bool, list, enum, object; ' +
    "did you mean float?",
    "defineConfiguration: b.items.max: found 1, expected no such key with the type bool",
    "defineConfiguration: c.properties.d.values: missing, expected a list of what the enum may be",
    "defineConfiguration: c.properties.e.default: found 1, expected no default, since the setting is required",
  ]);
});

Deno.test("checkSettings() reads own keys only, and keeps keys that would be found on every object apart", () => {
  const declared = { toString: { type: "string" } } as const;

  assertEquals(checkSettings(declared, {}).value, {});
  assertEquals(checkSettings({}, { constructor: 1 }).problems.map(({ path }) => path), [["constructor"]]);
  assertEquals(
    checkSettings({ x: { type: "float" } }, { x: NaN }).problems[0]?.message,
    "found NaN, expected a number",
  );
  assertEquals(
    checkSettings({ x: { type: "list" } }, { x: null }).problems[0]?.message,
    "found nothing, expected a list",
  );
});
