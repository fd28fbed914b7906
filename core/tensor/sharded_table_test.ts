import { assert, assertEquals, assertMatch, assertThrows } from "../deps/assert.ts";
import { KBertError } from "../wall/errors.ts";
import type { HostTensor } from "../wall/tensor.ts";
import { ShardedTable } from "./sharded_table.ts";

/** Numbers that are all different. */
function numbered(shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, one) => product * one, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, index) => index) };
}

const shapesOf = (table: ShardedTable): unknown => table.shards.map(({ name, shape }) => [name, ...shape]);

Deno.test("ShardedTable cuts into as few shards as the limit allows, of one size but for the last", () => {
  const cut = (limitBytes: number): unknown => shapesOf(new ShardedTable("w", [10, 3], limitBytes));

  assertEquals(cut(Infinity), [["w", 10, 3]]);
  assertEquals(cut(120), [["w", 10, 3]]);
  assertEquals(cut(119), [["w[0:5]", 5, 3], ["w[5:10]", 5, 3]]);
  assertEquals(cut(59), [["w[0:4]", 4, 3], ["w[4:8]", 4, 3], ["w[8:10]", 2, 3]]);
  assertEquals(cut(12), Array.from({ length: 10 }, (_, row) => [`w[${row}:${row + 1}]`, 1, 3]));
  assertEquals(cut(11), cut(12), "a row is not cut; whoever asks for the limit refuses it");
});

Deno.test("ShardedTable has no shard over the limit and none without rows, whatever the sizes", () => {
  for (let rows = 1; rows <= 40; rows++) {
    for (let most = 1; most <= 45; most++) {
      const { shards } = new ShardedTable("w", [rows, 2], 8 * most + 7);

      assertEquals(shards.reduce((sum, { shape: [one] }) => sum + one, 0), rows);
      assert(shards.every(({ shape: [one] }) => one > 0 && one <= most), `${rows} rows, ${most} at once`);
    }
  }
});

Deno.test("ShardedTable.split() cuts the table and what is named after it, where it stands", () => {
  const table = new ShardedTable("w", [5, 2], 16);
  const tensors = new Map([
    ["before", numbered([4])],
    ["w.first", numbered([5, 2])],
    ["w.second", numbered([5, 2])],
    ["words", numbered([5, 2])],
  ]);

  const split = table.split(tensors);

  assertEquals([...split.keys()], [
    "before",
    ...["w[0:2].first", "w[2:4].first", "w[4:5].first"],
    ...["w[0:2].second", "w[2:4].second", "w[4:5].second"],
    "words",
  ]);
  assertEquals(split.get("w[2:4].second"), {
    dtype: "float32",
    shape: [2, 2],
    data: Float32Array.of(4, 5, 6, 7),
  });
  assertEquals(split.get("words"), numbered([5, 2]));
});

Deno.test("ShardedTable.join() is the opposite of split(), also for one that was cut differently", () => {
  const tensors = new Map([
    ["w", numbered([7, 3])],
    ["w.first", numbered([7, 3])],
    ["words[0:2]", numbered([2])],
  ]);
  for (const limitBytes of [12, 30, 48, 84, Infinity]) {
    const table = new ShardedTable("w", [7, 3], limitBytes);

    assertEquals(table.join(table.split(tensors)), tensors);
  }
});

Deno.test("ShardedTable.split() refuses a table of another shape, also where nothing would be cut", () => {
  for (const limitBytes of [16, Infinity]) {
    const table = new ShardedTable("w", [5, 2], limitBytes);

    const error = assertThrows(() => table.split([["w.first", numbered([2, 5])]]), KBertError);

    assertEquals(error.code, "weights/invalid");
    assertMatch(error.message, /w\.first has the shape \[2,5\], expected \[5,2\]/);
  }
});
