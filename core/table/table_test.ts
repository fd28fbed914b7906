import { assertEquals, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import { makeColumn } from "./column.ts";
import { Table } from "./table.ts";

Deno.test("Table.from() keeps names in order, whatever they are, and knows its rows", () => {
  const lists = JSON.parse('{"b": [1, 2], "__proto__": ["x", null], "a b": [true, false]}');

  const table = Table.from(lists);

  assertEquals([table.rows, table.names], [2, ["b", "__proto__", "a b"]]);
  assertEquals(table.row(1), JSON.parse('{"b": 2, "__proto__": null, "a b": false}'));
  assertEquals([table.has("__proto__"), table.has("constructor")], [true, false]);
  assertEquals([Table.from({}).rows, Table.from({ a: [] }).rows], [0, 0]);
});

Deno.test("Table refuses columns of other lengths, and says which", () => {
  const error = assertThrows(() => Table.from({ a: [1, 2], b: ["x"] }), KBertError);

  assertEquals(
    error.message,
    'The column "b" has 1 rows, and the column "a" has 2; give them the same number',
  );
  assertEquals([error.code, error.detail], ["input/invalid", { name: "b", limit: 2, value: 1 }]);
});

Deno.test("Table.column() and its like say which columns there are, and row() how many rows", () => {
  const table = Table.from({ price: [1], city: ["Ulm"] });
  const message = 'There is no column "prize"; there are "price", "city"';

  for (
    const look of [() => table.column("prize"), () => table.cells("prize"), () => table.select(["prize"])]
  ) {
    assertThrows(look, KBertError, message);
  }
  assertThrows(() => Table.from({}).column("a"), KBertError, 'There is no column "a"; there are none');
  for (const row of [-1, 1, 0.5, NaN]) {
    assertThrows(() => table.row(row), RangeError, `There is no row ${row}; there are 1 rows`);
  }
});

Deno.test("Table.select() and with() share columns with a table that stays as it was", () => {
  const table = Table.from({ a: [1, 2], b: ["x", "y"] });

  const more = table.with(new Map([["a", makeColumn("a", [7, 8])], ["c", makeColumn("c", [true, null])]]));

  assertEquals(table.select(["b", "a"]).names, ["b", "a"]);
  assertEquals(more.toLists(), { a: [7, 8], b: ["x", "y"], c: [true, null] });
  assertEquals(table.toLists(), { a: [1, 2], b: ["x", "y"] });
  assertStrictEquals(more.column("b"), table.column("b"));
  assertThrows(() => table.with(new Map([["c", makeColumn("c", [1])]])), KBertError, 'The column "c" has 1');
});

Deno.test("Table.copy() has memory of its own, which can be given away", () => {
  const table = Table.from({ a: Float64Array.of(1, 2), b: ["x", null] });

  const copy = table.copy();
  const { buffer } = copy.column("a").values;
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });

  assertEquals(table.toLists(), { a: [1, 2], b: ["x", null] });
  assertEquals(copy.column("b").offsets!.buffer === table.column("b").offsets!.buffer, false);
});
