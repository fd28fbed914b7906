import { assertEquals } from "@std/assert";
import { lagged, relativeChange, seasonality, trend } from "./temporal.ts";

Deno.test("trend() is 0 of a flat line, and not moved by what all values have in common", () => {
  const values = [3, 1, 4, 1, 5, 9];

  assertEquals(trend([0.1, 0.1, 0.1, 0.1], 4), [null, null, null, 0]);
  assertEquals(trend(values.map((value) => value + 2 ** 40), 5), trend(values, 5));
});

Deno.test("seasonality() compares with earlier seasons only, and leaves out what is missing", () => {
  //                    season 1    season 2     season 3    season 4
  const values = [...[2, null], ...[4, 10], ...[null, 13], ...[9, 1]];

  // Before the last row of each place: 2 and 4, so 9 - 3; 10 and 13, so 1 - 11.5.
  assertEquals(seasonality(values, 2), [null, null, 2, null, null, 3, 6, -10.5]);
  assertEquals(seasonality([1, 2], 7), [null, null]);
});

Deno.test("lagged() and relativeChange() look back over gaps, and not beyond the beginning", () => {
  const values = [2, null, 3, -6, 0, 5];

  assertEquals(lagged(values, 2), [null, null, 2, null, 3, -6]);
  assertEquals(relativeChange(values, 2), [null, null, 0.5, null, -1, -11 / 6]);
  assertEquals(relativeChange(values, 1), [null, null, null, -3, -1, null]);
  assertEquals([lagged([1, 2], 5), relativeChange([1, 2], 5)], [[null, null], [null, null]]);
});
