import { assertEquals, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import {
  bitmapBytes,
  type Cell,
  cellAt,
  cellsOf,
  type Column,
  isNull,
  makeColumn,
  viewsOf,
} from "./column.ts";

Deno.test("makeColumn() lays cells out as Arrow does, by its documentation's examples", () => {
  // https://arrow.apache.org/docs/format/Columnar.html: [1, null, 2, 4, 8] has the bitmap 00011101, and
  // ["joe", null, null, "mark"] the offsets 0, 3, 3, 3, 7 and the bitmap 00001001.
  assertEquals(makeColumn("a", [1, null, 2, 4, 8]), {
    type: "float64",
    length: 5,
    values: Float64Array.of(1, 0, 2, 4, 8),
    validity: Uint8Array.of(0b00011101),
  });
  assertEquals(makeColumn("a", ["joe", null, null, "mark"]), {
    type: "utf8",
    length: 4,
    values: new TextEncoder().encode("joemark"),
    offsets: Int32Array.of(0, 3, 3, 3, 7),
    validity: Uint8Array.of(0b00001001),
  });
  assertEquals(makeColumn("a", [true, false, true, true, null, false, false, false, true]), {
    type: "bool",
    length: 9,
    values: Uint8Array.of(0b00001101, 1),
    validity: Uint8Array.of(0b11101111, 1),
  });
});

Deno.test("makeColumn() takes typed arrays as they are, and the type of a list from its first cell", () => {
  const cases: [cells: Parameters<typeof makeColumn>[1], type: string][] = [
    [Float64Array.of(NaN), "float64"],
    [Float32Array.of(1), "float32"],
    [Int32Array.of(-1), "int32"],
    [[], "float64"],
    [[null, null], "float64"],
    [[null, false], "bool"],
    [["1"], "utf8"],
    [[1e300, NaN, -0], "float64"],
  ];
  for (const [cells, type] of cases) assertEquals(makeColumn("a", cells).type, type);
  const numbers = Float64Array.of(1, 2);
  assertStrictEquals(makeColumn("a", numbers).values, numbers);
});

Deno.test("makeColumn() makes what is preferred of numbers and of nothing, and of nothing else", () => {
  const made = (cells: Cell[], preferred: Column["type"]): unknown[] => {
    const column = makeColumn("a", cells, preferred);
    return [column.type, ...cellsOf(column)];
  };

  assertEquals(made([1, null], "int32"), ["int32", 1, null]);
  assertEquals(made([0.1], "float32"), ["float32", Math.fround(0.1)]);
  assertEquals(made([null], "utf8"), ["utf8", null]);
  assertEquals(made([], "bool"), ["bool"]);
  assertEquals(made(["x"], "int32"), ["utf8", "x"]);
  assertEquals(made([1], "utf8"), ["float64", 1]);
});

Deno.test("makeColumn() refuses lists of several kinds, what no cell is, and half of a character", () => {
  const row = (number: number, problem: string): string => `Row ${number} of the column "a" holds ${problem}`;
  const cases: [cells: unknown[], message: string][] = [
    [[1, null, "x"], row(3, "a text in a column of numbers")],
    [["x", false], row(2, "a boolean in a column of texts")],
    [[undefined], row(1, "a value of the type undefined, expected a number, text, boolean or null")],
    [[1, 2n], row(2, "a value of the type bigint, expected a number, text, boolean or null")],
    [[{}], row(1, "a value of the type object, expected a number, text, boolean or null")],
    [Array(2), row(1, "a value of the type undefined, expected a number, text, boolean or null")],
    [["ok", "\ud83d"], row(2, "half of a character; cut texts between characters only")],
  ];
  for (const [cells, message] of cases) {
    const error = assertThrows(() => makeColumn("a", cells as Cell[]), KBertError);
    assertEquals([error.code, error.message], ["input/invalid", message]);
  }
});

Deno.test("cellAt() gives back what went in, byte order marks and bytes of a broken text too", () => {
  const texts = ["", "\ufeffmark", "Kraków 🥄", "a\u0000b", null];
  const column = makeColumn("a", texts);

  assertEquals(texts.map((_, row) => cellAt(column, row)), texts);
  assertEquals(texts.map((_, row) => isNull(column, row)), [false, false, false, false, true]);
  const broken: Column = {
    ...{ type: "utf8", length: 1 },
    values: Uint8Array.of(0xf0, 0x9f),
    offsets: Int32Array.of(0, 2),
  };
  assertEquals(cellsOf(broken), ["\ufffd"]);
});

Deno.test("viewsOf() has values, offsets and validity, in this order", () => {
  const text = makeColumn("a", ["x", null]);

  assertEquals(viewsOf(text), [text.values, text.offsets!, text.validity!]);
  assertEquals(viewsOf(makeColumn("a", [1])).length, 1);
});

Deno.test("bitmapBytes() has a bit for each row, also of more rows than 32 bits can count", () => {
  assertEquals([0, 1, 8, 9, 2 ** 32].map(bitmapBytes), [0, 1, 1, 2, 2 ** 29]);
});
