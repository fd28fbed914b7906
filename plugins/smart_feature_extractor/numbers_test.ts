import { assertAlmostEquals, assertEquals } from "@std/assert";
import { binNames, innerEdges, zScores } from "./numbers.ts";

/** `numpy.quantile(sorted, [1 / count, 2 / count, ...])` by count. */
const NUMPY: [count: number, edges: number[]][] = [[2, [2.0]], [3, [0.5, 7.0]], [4, [0.5, 2.0, 9.0]], [5, [
  0.5,
  1.1000000000000005,
  4.999999999999998,
  10.200000000000003,
]]];

Deno.test("innerEdges() has the quantiles of NumPy 2.4", () => {
  const sorted = Float64Array.of(-3, 0.5, 0.5, 2, 7, 11, 40);

  for (const [count, expected] of NUMPY) {
    const edges = innerEdges(sorted, count);
    assertEquals(edges.length, expected.length);
    for (const [index, edge] of edges.entries()) assertAlmostEquals(edge, expected[index]!, 1e-12);
  }
  assertEquals(innerEdges(Float64Array.of(5), 4), [5, 5, 5]);
});

Deno.test("binNames() puts numbers on an edge, and those that are equal, into the lower part", () => {
  // The edges are 2, 3 and 4.
  assertEquals(binNames([1, 2, 3, 4, 5], 4), ["lowest", "lowest", "low", "high", "highest"]);
  assertEquals(binNames([7, 7, null, 7], 4), ["lowest", "lowest", null, "lowest"]);
  assertEquals(binNames([1, 1, 1, 1, 9], 3).at(-1), "bin 3 of 3");
});

Deno.test("binNames() divides a million numbers into parts of the same size", () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, row) => row * 7_919 % 1_000_003);

  const sizes = Map.groupBy(binNames(numbers, 4), (name) => name);

  assertEquals([...sizes.values()].map(({ length }) => length), Array(4).fill(250_000));
});

Deno.test("zScores() are right far from 0 too, and there are none without a spread", () => {
  const scores = zScores([1e9 + 1, null, 1e9 + 3, 1e9 + 5, 1e9 + 7]);

  // Distances -3, -1, 1, 3; the mean of their squares is 5.
  const expected = [-3, null, -1, 1, 3].map((distance) => distance === null ? null : distance / Math.sqrt(5));
  assertEquals(scores, expected);
  assertEquals(zScores([0.1, 0.1, 0.1]), [null, null, null]);
  assertEquals([zScores([4]), zScores([])], [[null], []]);
});
