import { assertEquals, assertMatch, assertNotEquals } from "../deps/assert.ts";
import { anyTable } from "../../tests/fixtures/arbitrary_table.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { makeColumn, viewsOf } from "./column.ts";
import { hashTable } from "./hash.ts";
import { type ColumnLists, Table } from "./table.ts";

const hash = (lists: ColumnLists): Promise<string> => hashTable(Table.from(lists));

Deno.test("hashTable() is the same for the same content, however it was made", async () => {
  const expected = await hash({ a: [1, 2.5], b: ["x", null] });

  assertMatch(expected, /^[0-9a-f]{64}$/);
  assertEquals(await hash({ a: Float64Array.of(1, 2.5), b: ["x", null] }), expected);
  const inLargerMemory = Float64Array.of(9, 1, 2.5, 9).subarray(1, 3);
  assertEquals(await hash({ a: inLargerMemory, b: ["x", null] }), expected);
});

Deno.test("hashTable() is another one for another name, type, order, gap, or place of a text's end", async () => {
  const tables: ColumnLists[] = [
    ...[{}, { a: [] }, { b: [] }, { a: Int32Array.of() }],
    ...[{ a: [0] }, { a: [null] }, { a: Int32Array.of(0) }, { a: Float32Array.of(0) }, { a: [-0] }, {
      a: [false],
    }],
    ...[{ a: [1], b: [2] }, { b: [2], a: [1] }, { a: [2], b: [1] }, { a: [1, 2] }],
    ...[{ a: ["ab", "c"] }, { a: ["a", "bc"] }, { a: ["abc", ""] }, { a: ["abc", null] }, { a: ["abc"] }],
    ...[{ "a\n": ["x"] }, { "a\\n": ["x"] }],
  ];

  const hashes = await Promise.all(tables.map(hash));

  assertEquals(new Set(hashes).size, tables.length);
});

Deno.test("hashTable() changes with any byte of any column", async () => {
  const table = Table.from({ a: [1, null, 3], b: ["x", "yz", null], c: [true, false, true] });
  const before = await hashTable(table);
  let changed = 0;

  for (const view of [...table.columns.values()].flatMap(viewsOf)) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at]! ^= 1;
      assertNotEquals(await hashTable(table), before);
      bytes[at]! ^= 1;
      changed++;
    }
  }

  assertEquals(await hashTable(table), before);
  // 3 numbers of 8 bytes, 4 offsets of 4, 3 letters, a byte of bits, and three of what is missing but in c.
  assertEquals(changed, 24 + 1 + 3 + 16 + 1 + 1);
});

Deno.test("hashTable() of any table is that of its copy, and not that of the table with a column more", async () => {
  await fc.assert(
    fc.asyncProperty(anyTable, async (table) => {
      const own = await hashTable(table);
      assertEquals(await hashTable(table.copy()), own);
      const more = table.with(new Map([["one\u0001more", makeColumn("", new Float64Array(table.rows))]]));
      assertNotEquals(await hashTable(more), own);
    }),
    { seed: 1, numRuns: 100 },
  );
});
