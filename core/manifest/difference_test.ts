import { assertEquals } from "../deps/assert.ts";
import type { Configuration } from "./declaration.ts";
import { configurationDifference } from "./difference.ts";

const MANIFEST: Configuration = {
  count: { type: "int", required: true, min: 1, description: "How many" },
  pooling: { type: "enum", values: ["cls", "mean"], default: "cls" },
  sizes: { type: "list", items: { type: "int", max: 9 }, default: [1, 2] },
  layer: { type: "object", properties: { size: { type: "int" }, act: { type: "string" } } },
  extra: { type: "object", default: { b: 1, a: { d: 2, c: 3 } } },
};

Deno.test("configurationDifference() sees none in another order, other descriptions or said absence", () => {
  const code = {
    extra: { default: { a: { c: 3, d: 2 }, b: 1 }, type: "object", required: false },
    layer: {
      properties: { act: { type: "string" }, size: { type: "int", required: undefined } },
      type: "object",
    },
    sizes: { type: "list", items: { max: 9, type: "int" }, default: [1, 2] },
    pooling: { type: "enum", values: ["mean", "cls"], default: "cls", description: "Which" },
    count: { type: "int", min: 1, required: true },
  };

  assertEquals(configurationDifference(code, MANIFEST), undefined);
  assertEquals(configurationDifference({}, {}), undefined);
});

for (
  const [change, words] of [
    [{ count: { type: "float", required: true, min: 1 } }, 'count.type is "float" in the code and "int" in'],
    [{ count: { type: "int", min: 1 } }, "count.required is false in the code and true in plugin.yaml"],
    [{ count: { type: "int", required: true } }, "count.min is nothing in the code and 1 in plugin.yaml"],
    [{ pooling: { type: "enum", values: ["cls"], default: "cls" } }, "pooling.values is "],
    [
      { pooling: { type: "enum", values: ["cls", "mean"] } },
      'pooling.default is nothing in the code and "cls"',
    ],
    [
      { sizes: { type: "list", items: { type: "int", max: 9 }, default: [2, 1] } },
      "sizes.default is [2,1] in",
    ],
    [{ sizes: { type: "list", default: [1, 2] } }, "sizes.items is declared in plugin.yaml only"],
    [{ sizes: { type: "list", items: { type: "int" }, default: [1, 2] } }, "sizes.items.max is nothing in"],
    [{ layer: { type: "object" } }, "layer.properties is declared in plugin.yaml only"],
    [
      { layer: { type: "object", properties: { size: { type: "int" } } } },
      "layer.properties.act is declared in plugin.yaml only",
    ],
    [{ extra: { type: "object", default: { b: 1 } } }, 'extra.default is {"b":1} in the code and {"a":{'],
    [
      { extra: { type: "object", default: { b: 1n, x: Infinity } } },
      'extra.default is {"b":"1","x":"Infinity"}',
    ],
    [{ new_one: { type: "int" } }, "new_one is declared in the code only"],
    [{ count: { type: "whole" } }, "count.type in the code is no declaration of settings"],
    [{ count: 5 }, "count in the code is no declaration of settings"],
  ] as const
) {
  Deno.test(`configurationDifference() finds that ${words}`, () => {
    const found = configurationDifference({ ...MANIFEST, ...change }, MANIFEST) ?? "none";

    assertEquals(found.slice(0, words.length), words);
  });
}

Deno.test("configurationDifference() names a setting that only the manifest has, and code that declares nothing", () => {
  const { count: _, ...others } = MANIFEST;

  assertEquals(configurationDifference(others, MANIFEST), "count is declared in plugin.yaml only");
  assertEquals(
    configurationDifference("all", MANIFEST),
    "the configuration in the code is no declaration of settings",
  );
});
