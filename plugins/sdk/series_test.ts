import {
  assertAlmostEquals,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "../../core/deps/assert.ts";
import { table } from "../../core/deps/arquero.ts";
import { addColumns, mean, rolling, seriesOf, std } from "./series.ts";

Deno.test("seriesOf() takes numbers of every type, and says what else it found", () => {
  const data = table({
    a: Float32Array.of(0.5, Infinity),
    b: [1, undefined],
    c: [null, "x"],
    d: [null, null],
  });

  assertEquals(seriesOf(data, "a"), [0.5, null]);
  assertEquals(seriesOf(data, "b"), [1, null]);
  assertEquals(seriesOf(data, "d"), [null, null]);
  assertThrows(() => seriesOf(data, "c"), TypeError, "The column c has to be numbers; row 2 is a string");
  assertThrows(() => seriesOf(data, "e"), TypeError, "There is no column e; there are a, b, c, d");
  assertThrows(() => seriesOf(table({}), "e"), TypeError, "There is no column e; there are none");
});

Deno.test("rolling() has nothing for a window that is not full, has a gap or has no result", () => {
  assertEquals(rolling([1, 2, 3, null, 5, 6], 2, mean), [null, 1.5, 2.5, null, null, 5.5]);
  assertEquals(rolling([1, 2], 3, mean), [null, null]);
  assertEquals(rolling([], 1, mean), []);
  assertEquals(rolling([4, 5], 1, std), [null, null]);
  assertEquals(rolling([1, 0], 1, ([value]) => 1 / value!), [1, null]);
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => rolling([1], size, mean), RangeError, `A window cannot have ${size} rows`);
  }
});

Deno.test("std() does not lose small differences of large numbers", () => {
  // Of 2, 4, 4, 4, 5, 5, 7, 9 the mean is 5 and the sum of squares 32.
  const values = [2, 4, 4, 4, 5, 5, 7, 9];

  for (const base of [0, 1e9, -1e12]) {
    assertAlmostEquals(std(values.map((value) => base + value)), Math.sqrt(32 / 7), 1e-9);
  }
  assertEquals([mean([]), std([]), std([1])], [NaN, NaN, NaN]);
});

Deno.test("addColumns() keeps the columns that there are, and refuses one of the same name", () => {
  const data = table({ a: Float64Array.of(1, 2) });

  const more = addColumns(data, { b: ["x", null], c: Float64Array.of(3, 4) });

  assertStrictEquals(more.column("a"), data.column("a"));
  assertEquals([more.array("b"), [...more.array("c")]], [["x", null], [3, 4]]);
  assertStrictEquals(addColumns(data, {}), data);
  assertThrows(() => addColumns(data, { a: [1, 2] }), TypeError, "There is a column a already");
  assertThrows(() => addColumns(data, { b: [1] }), Error, "Assign row counts do not match");
});
