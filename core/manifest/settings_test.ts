import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { Configuration } from "./declaration.ts";
import { parseSettings } from "./settings.ts";

const MANIFEST = {
  name: "spam_head",
  configuration: {
    num_labels: { type: "int", required: true, min: 2 },
    dropout: { type: "float", default: 0.1, min: 0, max: 1 },
    title: { type: "string", max: 5 },
    bias: { type: "bool", default: true },
    weights: { type: "list", items: { type: "float" }, min: 1 },
    pooling: { type: "enum", values: ["cls", "mean", 3], default: "cls" },
    layer: {
      type: "object",
      properties: { size: { type: "int", default: 8 }, act: { type: "string", default: "relu" } },
    },
    extra: { type: "object" },
    more: { type: "object", properties: { key: { type: "string", required: true } } },
  } satisfies Configuration,
};

function refusal(values: Record<string, unknown>): string[] {
  const error = assertThrows(() => parseSettings(MANIFEST, "plugin", values, "k-bert.yaml"), KBertError);
  assertEquals(error.code, "document/invalid");
  return error.message.split("\n");
}

Deno.test("parseSettings() applies defaults, inside of objects as well", () => {
  assertEquals(parseSettings(MANIFEST, "plugin", { num_labels: 2 }, "k-bert.yaml"), {
    num_labels: 2,
    dropout: 0.1,
    bias: true,
    pooling: "cls",
    layer: { size: 8, act: "relu" },
  });
  assertEquals(
    parseSettings(MANIFEST, "plugin", { num_labels: 2, layer: { size: 1 } }, "k-bert.yaml")["layer"],
    {
      size: 1,
      act: "relu",
    },
  );
});

Deno.test("parseSettings() keeps what is given", () => {
  const values = {
    ...{ num_labels: 3, dropout: 1, title: "short", bias: false, weights: [1, 0.5], pooling: 3 },
    ...{ layer: { size: 1, act: "gelu" }, extra: { any: ["thing"] }, more: { key: "k" } },
  };
  assertEquals(parseSettings(MANIFEST, "plugin", values, "k-bert.yaml"), values);
});

Deno.test("parseSettings() reports all problems with plugin, key path, found, expected and nearest key", () => {
  const values = {
    ...{ drop_out: 0.5, dropout: 2, title: "too long", bias: 1, weights: [], pooling: "max" },
    ...{ layer: { size: 1.5, activation: "x" }, extra: 1, more: {} },
  };
  assertEquals(refusal(values).sort(), [
    "k-bert.yaml: bias: found 1, expected true or false (a setting of spam_head)",
    "k-bert.yaml: drop_out: unknown setting, did you mean dropout? (a setting of spam_head)",
    "k-bert.yaml: dropout: found 2, expected at most 1 (a setting of spam_head)",
    "k-bert.yaml: extra: found 1, expected a mapping (a setting of spam_head)",
    "k-bert.yaml: layer.activation: unknown setting, expected one of size, act (a setting of spam_head)",
    "k-bert.yaml: layer.size: found 1.5, expected a whole number (a setting of spam_head)",
    "k-bert.yaml: more.key: missing, expected text (a setting of spam_head)",
    "k-bert.yaml: num_labels: missing, expected a whole number (a setting of spam_head)",
    'k-bert.yaml: pooling: found "max", expected one of cls, mean, 3 (a setting of spam_head)',
    'k-bert.yaml: title: found "too long", expected at most 5 characters (a setting of spam_head)',
    "k-bert.yaml: weights: found a list of 0, expected at least 1 item (a setting of spam_head)",
  ]);
});

Deno.test("parseSettings() refuses every setting of a plugin that takes none", () => {
  const none = { name: "a", configuration: {} };
  const error = assertThrows(() => parseSettings(none, "plugin", { x: 1 }, "k-bert.yaml"), KBertError);
  assertEquals(error.message, "k-bert.yaml: x: unknown setting, expected parameters (a setting of a)");
});

Deno.test("parseSettings() gives places when it has the text", () => {
  const text = "head:\n  plugin: spam\n  settings:\n    num_labels: 2\n    dropout: x\n";
  const source = { text, path: ["head", "settings"] };
  const values = { num_labels: 2, dropout: "x" };

  const error = assertThrows(
    () => parseSettings(MANIFEST, "plugin", values, "k-bert.yaml", source),
    KBertError,
  );

  const problem = 'found "x", expected a number (a setting of spam_head)';
  assertEquals(error.message, `k-bert.yaml:5:5: head.settings.dropout: ${problem}`);
  assertEquals(error.detail, {
    file: "k-bert.yaml",
    problems: [{ line: 5, column: 5, path: "head.settings.dropout", message: problem }],
  });
});
