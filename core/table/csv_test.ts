import { assertEquals, assertThrows } from "../deps/assert.ts";
import * as aq from "../deps/arquero.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { KBertError } from "../wall/errors.ts";
import { type CsvOptions, describeColumns, readCsv } from "./csv.ts";

Deno.test("readCsv() reads quotes, line ends, byte order marks and separators as RFC 4180 has them", () => {
  const cases: [text: string, expected: unknown, options?: CsvOptions][] = [
    ["a,b\n1,2\n", { a: [1], b: [2] }],
    ["a,b\r\n1,2\r\n3,4", { a: [1, 3], b: [2, 4] }],
    ["\ufeffa,b\n1,2\n", { a: [1], b: [2] }],
    ['"a, or b","say ""c"""\nx,"1\n2"\n', { "a, or b": ["x"], 'say "c"': ["1\n2"] }],
    ['a\n"1\r\n2"\n', { a: ["1\n2"] }],
    ["a;b\n1,5;2\n", { a: ["1,5"], b: [2] }, { separator: ";" }],
    ["a\tb\n1\t\n", { a: [1], b: [null] }, { separator: "\t" }],
    ["a\n1\n\n2\n\n", { a: [1, 2] }],
    ["a,b\n", { a: [], b: [] }],
    [",b\n1,2\n", { "": [1], b: [2] }],
    ["constructor,__proto__\n1,x\n", JSON.parse('{"constructor": [1], "__proto__": ["x"]}')],
  ];
  for (const [text, expected, options] of cases) {
    assertEquals(readCsv(text, options).toLists(), expected, JSON.stringify(text));
  }
});

Deno.test("readCsv() finds out what a column is made of", () => {
  const kinds = (...texts: string[]): unknown => {
    const table = readCsv(["a", ...texts.map((text) => `"${text}"`)].join("\n"));
    return [table.column("a").type, table.cells("a")];
  };

  assertEquals(kinds("1", "-2.5", "+3e2", ".5", " 7 "), ["float64", [1, -2.5, 300, 0.5, 7]]);
  assertEquals(kinds("1", "", "NA", "NaN", "null", " "), ["float64", [1, null, null, null, null, null]]);
  assertEquals(kinds("true", "False", " TRUE ", ""), ["bool", [true, false, true, null]]);
  assertEquals(kinds("1", "one"), ["utf8", ["1", "one"]]);
  assertEquals(kinds("true", "1"), ["utf8", ["true", "1"]]);
  assertEquals(kinds("0x10", "1_000", "1,5", "Infinity", "1e999", "."), [
    "utf8",
    ["0x10", "1_000", "1,5", "Infinity", "1e999", "."],
  ]);
  assertEquals(kinds("9007199254740993", "9007199254740992"), ["utf8", [
    "9007199254740993",
    "9007199254740992",
  ]]);
  assertEquals(kinds(" x "), ["utf8", [" x "]]);
  assertEquals(kinds("", ""), ["float64", [null, null]]);
});

Deno.test("readCsv() takes kinds and missing texts as it is told", () => {
  const text = "zip,open,size,note\n01234,true,-,\n,,5,\n";

  const table = readCsv(text, {
    types: { zip: "text", open: "boolean", size: "number", note: "text" },
    missing: ["-"],
  });

  assertEquals(table.toLists(), {
    ...{ zip: ["01234", null], open: [true, null], size: [null, 5], note: [null, null] },
  });
  assertEquals(describeColumns(table), ["zip: text", "open: boolean", "size: number", "note: text"]);
});

Deno.test("readCsv() says in which row of which file something is wrong", () => {
  const cases: [text: string, problem: string, options?: CsvOptions][] = [
    ["", "it is empty, and its first line has to name the columns"],
    ["\ufeff\n", "it is empty, and its first line has to name the columns"],
    ["a,b\n1,2\n3\n", "row 3 has 1 values, and the first line names 2 columns"],
    ["a,b\n1,2,3\n", "row 2 has 3 values, and the first line names 2 columns"],
    ["a,b,a\n1,2,3\n", 'the column "a" comes twice'],
    ["a\n1\nx\n", 'row 3 of "a" is "x", expected a number', { types: { a: "number" } }],
    ["a\ntrue\nyes\n", 'row 3 of "a" is "yes", expected true or false', { types: { a: "boolean" } }],
    ["a\n1\n", 'there is no column "b"', { types: { b: "text" } }],
  ];
  for (const [text, problem, options] of cases) {
    const error = assertThrows(() => readCsv(text, { ...options, file: "data.csv" }), KBertError);
    assertEquals([error.code, error.message], ["input/invalid", `Cannot read data.csv: ${problem}`]);
  }
  for (const text of ['a\n"open\n', 'a\nx"y\n', 'a\n"x"y\n']) {
    assertThrows(() => readCsv(text), KBertError, "Cannot read the CSV text: Syntax error on line 2");
  }
});

Deno.test("readCsv() reads any table of texts as arquero's parser does", () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", "1", ".", "-", ",", '"', "\n", " ", "ä"),
    maxLength: 5,
  });
  const tables = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 })
  );
  const quoted = (text: string): string => /[,"\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

  fc.assert(
    fc.property(tables, fc.constantFrom("\n", "\r\n"), (rows, end) => {
      const names = rows[0]!.map((_, index) => `c${index}`);
      const text = [names, ...rows].map((row) => row.map(quoted).join(",") + end).join("");

      const table = readCsv(text, {
        missing: [],
        types: Object.fromEntries(names.map((name) => [name, "text"])),
      });
      const other = aq.fromCSV(text, { autoType: false });

      // Theirs are empty where ours are missing; blanks alone are missing here.
      const theirs = names.map((name) => [...other.array(name)].map((one) => String(one ?? "")));
      const ours = names.map((name) => table.cells(name).map((one) => one ?? ""));
      assertEquals(ours, theirs.map((list) => list.map((one) => one.trim() === "" ? "" : one)));
    }),
    { seed: 1, numRuns: 300 },
  );
});
