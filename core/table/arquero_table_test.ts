import { assertEquals, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { anyTable } from "../../tests/fixtures/arbitrary_table.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import * as aq from "../deps/arquero.ts";
import { KBertError } from "../wall/errors.ts";
import { fromArquero, toArquero } from "./arquero_table.ts";
import { Table } from "./table.ts";

/** As arquero types its tables' columns: not at all. */
interface Row {
  readonly [column: string]: number;
}

function contentOf(table: Table): unknown[] {
  return [...table.columns].map(([name, { type }]) => [name, type, table.cells(name)]);
}

Deno.test("any table is the same in arquero, cell by cell, and comes back with the very same columns", () => {
  fc.assert(
    fc.property(anyTable, (table) => {
      const data = toArquero(table);

      assertEquals([data.columnNames(), data.numRows()], [table.names, table.rows]);
      for (const name of table.names) assertEquals([...data.array(name)], table.cells(name));
      const back = fromArquero(data);
      assertEquals(back.names, table.names);
      for (const name of table.names) assertStrictEquals(back.column(name), table.column(name));
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("toArquero() gives numbers without gaps as the memory that they are in", () => {
  const table = Table.from({ a: Float64Array.of(1, 2), b: Int32Array.of(3, 4), c: [1, null] });

  const data = toArquero(table);

  const [a, b] = ["a", "b"].map((name) => data.column(name) as unknown as Float64Array);
  assertEquals([a!.buffer === table.column("a").values.buffer, b instanceof Int32Array], [true, true]);
});

Deno.test("fromArquero() has new columns behind the old ones, in the type that they were made in", () => {
  const data = toArquero(Table.from({ price: [2, 4, null], city: ["Ulm", null, "Bonn"] }));

  const more = data.derive({
    twice: (d: Row) => d["price"]! * 2,
    isUlm: (d: Record<string, unknown>) => d["city"] === "Ulm",
    initial: aq.escape((d: Record<string, string | null>) => d["city"]?.slice(0, 1)),
    mean: aq.rolling((d: Row) => aq.op.mean(d["price"]), [-1, 0]),
  }).assign(aq.table({ whole: Int32Array.of(1, 2, 3), small: Int16Array.of(4, 5, 6), big: [7n, 8n, null] }));
  const table = fromArquero(more.assign(aq.table({ day: [new Date(5), undefined, null] })));

  assertEquals(contentOf(table).slice(2), [
    ["twice", "float64", [4, 8, 0]],
    ["isUlm", "bool", [true, false, false]],
    ["initial", "utf8", ["U", null, "B"]],
    ["mean", "float64", [2, 3, 4]],
    ["whole", "int32", [1, 2, 3]],
    ["small", "int32", [4, 5, 6]],
    ["big", "float64", [7, 8, null]],
    ["day", "float64", [5, null, null]],
  ]);
});

Deno.test("fromArquero() carries filters and orders out, and keeps the types of columns that it knows", () => {
  const table = Table.from({
    n: Int32Array.of(3, 1, 2),
    share: Float32Array.of(0.1, 0.2, 0.3),
    gone: ["x", null, null],
  });
  const columns = new Map(table.columns).set("n", { ...table.column("n"), validity: Uint8Array.of(0b111) });
  const given = new Table(columns);
  const data = toArquero(given);

  const ordered = data.orderby("n");
  const filtered = data.filter((d: Row) => d["n"]! < 3);

  const [one, two, three] = Float32Array.of(0.1, 0.2, 0.3);
  assertEquals(contentOf(fromArquero(ordered, given)), [
    ["n", "int32", [1, 2, 3]],
    ["share", "float32", [two, three, one]],
    ["gone", "utf8", [null, null, "x"]],
  ]);
  assertEquals(contentOf(fromArquero(filtered, given)), [
    ["n", "int32", [1, 2]],
    ["share", "float32", [two, three]],
    ["gone", "utf8", [null, null]],
  ]);
  assertEquals(fromArquero(ordered.unorder()).column("n"), given.column("n"));
  assertEquals(fromArquero(data.groupby("gone")).names, ["n", "share", "gone"]);
});

Deno.test("fromArquero() refuses what no column can be", () => {
  const cases: [columns: Record<string, readonly unknown[]>, message: string][] = [
    [{ a: [1, "x"] }, 'Row 2 of the column "a" holds a text in a column of numbers'],
    [{ a: [{}] }, 'Row 1 of the column "a" holds a value of the type object'],
    [{ a: [2n ** 53n + 1n] }, 'Row 1 of the column "a" holds a value of the type bigint'],
    [{ a: ["\ud83d"] }, 'Row 1 of the column "a" holds half of a character'],
    [{ a: [1, 2], b: [1] }, 'The column "b" has 1 rows'],
  ];
  for (const [columns, message] of cases) {
    assertThrows(() => fromArquero(aq.table(columns)), KBertError, message);
  }
});
