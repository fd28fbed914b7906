import { assertAlmostEquals, assertEquals } from "@std/assert";
import { kurtosis, skew, STATISTICS } from "./statistics.ts";

Deno.test("skew() and kurtosis() have what scipy 1.17 has without bias, also far from 0", () => {
  const values = [2, 4, 4, 5, 9, 11, 23];
  const [rightSkew, rightKurtosis] = [1.7252224004407517, 3.136782425721738];

  for (const offset of [0, 1e9]) {
    const window = Float64Array.from(values, (value) => value + offset);
    assertAlmostEquals(skew(window), rightSkew, 1e-12);
    assertAlmostEquals(kurtosis(window), rightKurtosis, 1e-12);
  }
});

Deno.test("skew() and kurtosis() of values that are all the same, or of too few, are no numbers", () => {
  const same = new Float64Array(30).fill(0.1);

  assertEquals([skew(same), kurtosis(same)], [NaN, NaN]);
  assertEquals([skew(Float64Array.of(1, 2)), kurtosis(Float64Array.of(1, 2, 4))], [NaN, NaN]);
});

Deno.test("the median is in the middle of an odd number of values, and between two of an even one", () => {
  assertEquals(STATISTICS.median(Float64Array.of(10, 9, 1, -20, 100)), 9);
  assertEquals(STATISTICS.median(Float64Array.of(10, 9, 1, 100)), 9.5);
});
