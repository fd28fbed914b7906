import { assertEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { Table } from "./table.ts";
import { type RowTextOptions, rowTexts } from "./templates.ts";

const PENGUINS = Table.from({
  island: ["Dream", "Bis|coe"],
  body_mass: [3800, null],
  depth: [18.123456789, 1e-9],
  isFemale: [true, null],
});

Deno.test("rowTexts() writes a row in each of its forms, and leaves out what is missing", () => {
  const cases: [options: RowTextOptions, expected: string[]][] = [
    [{}, ["island: Dream, body mass: 3800, depth: 18.1235, isFemale: true", "island: Bis|coe, depth: 1e-9"]],
    [{ template: "sentence", columns: ["body_mass", "island"] }, [
      "The body mass is 3800. The island is Dream.",
      "The island is Bis|coe.",
    ]],
    [{ template: "markdown", columns: ["island", "body_mass"], names: { island: "where" } }, [
      "| where | body mass |\n| --- | --- |\n| Dream | 3800 |",
      "| where | body mass |\n| --- | --- |\n| Bis\\|coe | - |",
    ]],
    [{ template: "json", precision: 2 }, [
      '{"island":"Dream","body_mass":3800,"depth":18,"isFemale":true}',
      '{"island":"Bis|coe","body_mass":null,"depth":1e-9,"isFemale":null}',
    ]],
    [{ template: "{body_mass} g on {island}, {{{isFemale}}}", columns: ["depth"] }, [
      "3800 g on Dream, {true}",
      "unknown g on Bis|coe, {unknown}",
    ]],
    [{ columns: [] }, ["", ""]],
  ];
  for (const [options, expected] of cases) assertEquals(rowTexts(PENGUINS, options), expected);
});

Deno.test("rowTexts() writes numbers as they are if they are whole, and what was filled in only once", () => {
  const table = Table.from({ n: [123_456_789, -0, 0.1 + 0.2, NaN], text: ["{n}", "$&", "$1", "}}"] });

  assertEquals(rowTexts(table, { template: "{n} {text}" }), ["123456789 {n}", "0 $&", "0.3 $1", "NaN }}"]);
  assertEquals(rowTexts(table, { template: "json", columns: ["n"] }).at(-1), '{"n":null}');
});

Deno.test("rowTexts() takes names that every object has for names like any other", () => {
  const table = Table.from({ constructor: [1], toString: ["x"] });

  assertEquals(rowTexts(table), ["constructor: 1, toString: x"]);
  assertEquals(rowTexts(table, { template: "{toString}" }), ["x"]);
  assertThrows(() => rowTexts(table, { template: "constructor" }), KBertError, "names no column");
});

Deno.test("rowTexts() gives no text for no row, and says which column or place is missing", () => {
  assertEquals(rowTexts(Table.from({})), []);
  assertEquals(rowTexts(Table.from({ a: [] }), { template: "{a}" }), []);
  assertThrows(() => rowTexts(PENGUINS, { columns: ["mass"] }), KBertError, 'There is no column "mass"');
  assertThrows(() => rowTexts(PENGUINS, { template: "{mass}" }), KBertError, 'There is no column "mass"');
  const error = assertThrows(() => rowTexts(PENGUINS, { template: "keyvalue" }), KBertError);
  assertEquals(
    error.message,
    'The template "keyvalue" names no column; write one as {island}, or take one of key-value, sentence, ' +
      "markdown, json",
  );
});
