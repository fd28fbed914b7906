import { assertEquals, assertThrows } from "../deps/assert.ts";
import * as arrow from "../../tests/deps/apache_arrow.ts";
import { anyTable } from "../../tests/fixtures/arbitrary_table.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { KBertError } from "../wall/errors.ts";
import { fromArrowFile, toArrowFile } from "./arrow.ts";
import { hashTable } from "./hash.ts";
import { Table } from "./table.ts";
import { fromWire, toWire } from "./wire.ts";

/** A file that apache-arrow wrote by itself. */
function fileOf(...tables: arrow.Table[]): Uint8Array {
  const [first, ...others] = tables;
  return arrow.tableToIPC(others.reduce((all, table) => all.concat(table), first!), "file");
}

/** A table of one column. */
function tableOf(type: arrow.DataType, cells: readonly unknown[]): arrow.Table {
  return new arrow.Table({ a: arrow.vectorFromArray(cells, type) });
}

function contentOf(table: Table): unknown {
  return [...table.columns].map(([name, { type }]) => [name, type, table.cells(name)]);
}

Deno.test("toArrowFile() writes what apache-arrow reads as the same cells and types", () => {
  const table = Table.from({
    ...{
      price: [1.5, null, -0],
      count: Int32Array.of(-1, 0, 2 ** 31 - 1),
      share: Float32Array.of(0.5, NaN, 2),
    },
    ...{ isOpen: [true, null, false], city: ["Kraków", "", null] },
  });

  const read = arrow.tableFromIPC(toArrowFile(table));

  assertEquals(
    read.schema.fields.map(({ name, type }) => `${name}: ${type}`),
    ["price: Float64", "count: Int32", "share: Float32", "isOpen: Bool", "city: Utf8"],
  );
  assertEquals([0, 1, 2, 3, 4].map((index) => [...read.getChildAt(index)!]), [
    ...[[1.5, null, -0], [-1, 0, 2 ** 31 - 1], [0.5, NaN, 2], [true, null, false], ["Kraków", "", null]],
  ]);
});

Deno.test("fromArrowFile() reads every type that has a counterpart, from one batch and from several", () => {
  const day = Date.UTC(2024, 1, 29);
  const cases: [type: arrow.DataType, cells: unknown[], expected: string, read?: unknown[]][] = [
    [new arrow.Float64(), [0.1, null, NaN], "float64"],
    [new arrow.Float32(), [0.5, null, 2], "float32"],
    [new arrow.Float16(), [0.5, null, 2], "float64"],
    [new arrow.Int32(), [-1, null, 2 ** 31 - 1], "int32"],
    [new arrow.Int8(), [-1, null, 127], "float64"],
    [new arrow.Uint32(), [0, null, 2 ** 32 - 1], "float64"],
    [new arrow.Int64(), [-1n, null, 2n ** 53n], "float64", [-1, null, 2 ** 53]],
    [new arrow.Bool(), [true, null, false], "bool"],
    [new arrow.Utf8(), ["ä", null, ""], "utf8"],
    [new arrow.Utf8(), [null, null], "utf8"],
    [new arrow.LargeUtf8(), ["ä", null, ""], "utf8"],
    [new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), ["x", "y", null, "x"], "utf8"],
    [new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()), [null], "utf8"],
    [new arrow.DateDay(), [new Date(day), null], "float64", [day, null]],
    [new arrow.DateMillisecond(), [new Date(day + 1), null], "float64", [day + 1, null]],
    [new arrow.TimestampMicrosecond(), [day + 1, null], "float64", [day + 1, null]],
    [new arrow.Null(), [null, null], "float64"],
  ];
  for (const [type, cells, expected, read = cells] of cases) {
    const one = tableOf(type, cells);
    for (const parts of [[one], [one.slice(0, 1), one.slice(1, cells.length)]]) {
      const content = contentOf(fromArrowFile(fileOf(...parts), "a file"));
      assertEquals(content, [["a", expected, read]], `${type} in ${parts.length} batches`);
    }
  }
});

Deno.test("fromArrowFile() reads tables without rows, without batches, and slices of larger ones", () => {
  const fields = [
    new arrow.Field("s", new arrow.Utf8(), true),
    new arrow.Field("n", new arrow.Int32(), true),
  ];
  const texts = tableOf(new arrow.Utf8(), ["zero", "one", null, "three", "four"]);
  const empty = [["s", "utf8", []], ["n", "int32", []]];

  assertEquals(contentOf(fromArrowFile(fileOf(new arrow.Table(new arrow.Schema(fields))), "a file")), empty);
  assertEquals(fromArrowFile(fileOf(new arrow.Table(new arrow.Schema([]))), "a file").names, []);
  for (const [begin, end] of [[1, 4], [2, 5], [4, 4], [0, 5]] as const) {
    const read = fromArrowFile(fileOf(texts.slice(begin, end)), "a file");
    assertEquals(read.cells("a"), ["zero", "one", null, "three", "four"].slice(begin, end));
    assertEquals(fromWire(toWire(read)).cells("a"), read.cells("a"));
  }
});

Deno.test("any table comes back from an Arrow file as it went, hash and all", async () => {
  await fc.assert(
    fc.asyncProperty(anyTable.filter((table) => !table.has("")), async (table) => {
      const read = fromArrowFile(toArrowFile(table), "a file");
      assertEquals(contentOf(read), contentOf(table));
      const again = fromArrowFile(toArrowFile(read), "a file");
      assertEquals(await hashTable(again), await hashTable(read));
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("toArrowFile() refuses a column without a name, which would come back with another", () => {
  assertThrows(
    () => toArrowFile(Table.from({ "": [1] })),
    KBertError,
    "Cannot write a column without a name",
  );
});

Deno.test("fromArrowFile() refuses what no column can be, and two columns of one name", () => {
  const refused = (bytes: Uint8Array): string => {
    const error = assertThrows(() => fromArrowFile(bytes, "data.arrow"), KBertError);
    assertEquals([error.code, error.detail], ["input/invalid", { name: "data.arrow" }]);
    return error.message.replace("Cannot read data.arrow as an Arrow file: ", "");
  };
  const kinds = "expected numbers, texts or booleans; convert it, or leave it out";

  assertEquals(
    refused(fileOf(tableOf(new arrow.Int64(), [2n ** 53n + 1n]))),
    `the column "a" holds ${2n ** 53n + 1n}, which no float64 is, ${kinds}`,
  );
  assertEquals(
    refused(fileOf(tableOf(new arrow.Binary(), [Uint8Array.of(1, 2)]))),
    `the column "a" holds Uint8Array(2) [ 1, 2 ], ${kinds}`,
  );
  const twice = [new arrow.Field("a", new arrow.Int32(), true), new arrow.Field("a", new arrow.Utf8(), true)];
  assertEquals(refused(fileOf(new arrow.Table(new arrow.Schema(twice)))), 'the column "a" comes twice');
});

Deno.test("fromArrowFile() refuses a file that was cut", () => {
  const bytes = toArrowFile(Table.from({ a: [1, null, 3], b: ["x", "yz", null], c: [true, false, true] }));

  for (let length = 0; length < bytes.length; length++) {
    assertThrows(
      () => fromArrowFile(bytes.slice(0, length), "a file"),
      KBertError,
      "Cannot read a file as an",
    );
  }
});

Deno.test("fromArrowFile() refuses texts that are not where their offsets say", () => {
  const bytes = toArrowFile(Table.from({ a: ["x", "yz", "w"] }));
  const right = [0, 1, 3, 4];
  const places = new DataView(bytes.buffer);
  const start = Array.from({ length: bytes.length - 16 }, (_, at) => at)
    .find((at) => right.every((offset, row) => places.getInt32(at + 4 * row, true) === offset))!;

  for (const offsets of [[0, 3, 1, 4], [0, 1, 3, 400], [0, -1, 3, 4], [0, 1, 3, -4]]) {
    offsets.forEach((offset, row) => places.setInt32(start + 4 * row, offset, true));
    assertThrows(() => fromArrowFile(bytes, "a file"), KBertError, 'the column "a" has texts that');
  }
  right.forEach((offset, row) => places.setInt32(start + 4 * row, offset, true));
  assertEquals(fromArrowFile(bytes, "a file").cells("a"), ["x", "yz", "w"]);
});
