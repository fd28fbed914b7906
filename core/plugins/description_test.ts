import { assertEquals, assertThrows } from "../deps/assert.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { KBertError } from "../wall/errors.ts";
import type { WireValue } from "../wall/values.ts";
import { parseDescription } from "./description.ts";
import { PORTS } from "./ports.ts";

const COUNT = { name: "count", parameters: 1, streams: false };

function problemOf(value: WireValue, rules?: object): KBertError {
  const error = assertThrows(() => parseDescription(value, "sample", rules), KBertError);
  assertEquals([error.code, error.detail], ["plugin/answer", { plugin: "sample", method: "$load" }]);
  return error;
}

Deno.test("parseDescription() answers methods by name, and the settings that the code declares", () => {
  const configuration = { width: { type: "int" } };

  const parsed = parseDescription(
    { methods: [COUNT], configuration: JSON.stringify(configuration) },
    "sample",
  );

  assertEquals(parsed.methods, new Map([["count", COUNT]]));
  assertEquals<unknown>(parsed.configuration, configuration);
  assertEquals(parseDescription({ methods: [], configuration: "null" }, "sample").configuration, undefined);
});

Deno.test("parseDescription() refuses what is no description", () => {
  const bad: WireValue[] = [
    undefined,
    "methods",
    { methods: [COUNT] },
    { methods: [COUNT], configuration: "{" },
    { methods: [COUNT], configuration: "null", more: 1 },
    { methods: [{ ...COUNT, name: "a b" }], configuration: "null" },
    { methods: [{ ...COUNT, name: "\u001b[2J" }], configuration: "null" },
    { methods: [{ ...COUNT, name: "$activate" }], configuration: "null" },
    { methods: [{ ...COUNT, name: "a".repeat(129) }], configuration: "null" },
    { methods: [{ ...COUNT, parameters: -1 }], configuration: "null" },
    {
      methods: Array.from({ length: 257 }, (_, index) => ({ ...COUNT, name: `m${index}` })),
      configuration: "null",
    },
    { methods: [], configuration: " ".repeat(256 * 1024 + 1) },
    { methods: [], configuration: "[".repeat(33) + "]".repeat(33) },
    { methods: [], configuration: '{"a":'.repeat(10_000) + "1" + "}".repeat(10_000) },
  ];
  for (const value of bad) problemOf(value);
});

Deno.test("parseDescription() keeps of a port's plugin only what the port has, and no stream", () => {
  const rules = PORTS.augmenter.methods;
  const augment = { name: "augment", parameters: 1, streams: false };
  const methods = [augment, COUNT, { ...COUNT, name: "toString" }];

  const parsed = parseDescription({ methods, configuration: "null" }, "sample", rules);

  assertEquals([...parsed.methods.keys()], ["augment"]);
  const streaming = { methods: [{ ...augment, streams: true }], configuration: "null" };
  assertEquals(
    problemOf(streaming, rules).message,
    "The plugin sample does not describe itself as a plugin has to: augment() answers a stream, and its port has one value",
  );
});

Deno.test("parseDescription() throws nothing but its own error, whatever it is given", () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    try {
      parseDescription(value as WireValue, "sample");
    } catch (error) {
      assertEquals((error as KBertError).code, "plugin/answer");
    }
  });

  fc.assert(property, { seed: 1, numRuns: 200 });
});
