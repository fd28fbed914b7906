import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { parseOptions } from "./options.ts";

const NAMES = { model: "value", seed: "value", json: "flag" } as const;

Deno.test("parseOptions() takes values after a blank and after an equals sign", () => {
  const { options, rest } = parseOptions(["--model", "runs/a", "--seed=1=2", "--json"], NAMES);

  assertEquals(options, { model: "runs/a", seed: "1=2", json: true });
  assertEquals(rest, []);
});

Deno.test("parseOptions() leaves everything else in its order", () => {
  const { options, rest } = parseOptions(["first", "--json", "", "-x", "last"], NAMES);

  assertEquals(options, { json: true });
  assertEquals(rest, ["first", "", "-x", "last"]);
});

Deno.test("parseOptions() takes nothing after -- for an option", () => {
  const { options, rest } = parseOptions(["--json", "--", "--model", "--", "-"], NAMES);

  assertEquals(options, { json: true });
  assertEquals(rest, ["--model", "--", "-"]);
});

Deno.test("parseOptions() lets the last of two values count", () => {
  const { options } = parseOptions(["--seed", "1", "--seed", "2"], NAMES);

  assertEquals(options, { seed: "2" });
});

Deno.test("parseOptions() keeps all of an option's values where it may have several", () => {
  const { options } = parseOptions(["--net", "a", "--json", "--net=b"], { net: "values", json: "flag" });

  assertEquals(options, { net: ["a", "b"], json: true });
});

Deno.test("parseOptions() takes an empty value and one that begins with dashes after an equals sign", () => {
  const { options } = parseOptions(["--seed", "", "--model=--json"], NAMES);

  assertEquals(options, { seed: "", model: "--json" });
});

Deno.test("parseOptions() refuses what it does not know, with the nearest option", async (t) => {
  const cases: [string, string[], string][] = [
    ["a slip", ["--modle", "a"], "There is no option --modle; did you mean --model?"],
    ["a stranger", ["--verbose"], "There is no option --verbose; known are --model, --seed, --json"],
    ["a stranger with a value", ["--verbose=2"], "There is no option --verbose; known are"],
    ["a name that every object has", ["--constructor"], "There is no option --constructor; known are"],
    ["__proto__", ["--__proto__=1"], "There is no option --__proto__; known are"],
    ["no value", ["--model"], "--model needs a value after it"],
    ["an option as value", ["--model", "--json"], "--model needs a value after it"],
    ["-- as value", ["--model", "--", "text"], "--model needs a value after it"],
    ["a flag with a value", ["--json=yes"], "--json takes no value"],
  ];
  for (const [name, args, message] of cases) {
    await t.step(name, () => {
      const error = assertThrows(() => parseOptions(args, NAMES), KBertError, message);

      assertEquals(error.code, "usage/invalid");
    });
  }
});
