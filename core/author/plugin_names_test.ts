import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { pluginNames } from "./plugin_names.ts";

Deno.test("pluginNames() makes a file and a class of a name", () => {
  const cases = {
    "my-head": ["my_head", "MyHead"],
    "spam_head2": ["spam_head2", "SpamHead2"],
    "a": ["a", "A"],
    "a--b_": ["a_b", "AB"],
    "x-1y": ["x_1y", "X1y"],
    "map": ["map", "MapHead"], // a class of that name would hide JavaScript's
    "head-port": ["head_port", "HeadPortHead"], // and this one the SDK's
    "unit_test": ["unit_test_head", "UnitTest"], // a file unit_test.ts would be a test
    "test": ["test_head", "Test"],
  };
  for (const [plugin, [file, className]] of Object.entries(cases)) {
    assertEquals(pluginNames(plugin, "head"), { plugin, file: file!, className: className! });
  }
});

Deno.test("pluginNames() refuses what no plugin can be called, and says what it could be", () => {
  const cases = {
    "MyHead": /, such as my_head$/,
    "my head": /, such as my_head$/,
    "9lives": /, such as lives$/,
    "../up": /, such as up$/,
    "": /a letter first$/,
    "ü": /a letter first$/,
    [`a${"b".repeat(64)}`]: /, such as abbb/,
  };
  for (const [name, advice] of Object.entries(cases)) {
    const error = assertThrows(() => pluginNames(name, "head"), KBertError);
    assertEquals([error.code, advice.test(error.message)], ["usage/invalid", true], error.message);
  }
});
