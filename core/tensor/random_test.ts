import { assert, assertAlmostEquals, assertEquals, assertLess, assertNotEquals } from "../deps/assert.ts";
import { hash32, Random } from "./random.ts";

const MASK = 0xffffffffn;

Deno.test("Random.uint32() is xoshiro128** as its authors wrote it", () => {
  const random = new Random(42);
  const reference = xoshiro128(random.state);

  const numbers = Array.from({ length: 1_000 }, () => random.uint32());

  assertEquals(numbers, Array.from({ length: 1_000 }, () => reference.next().value));
});

Deno.test("Random.uint32() gives the published first numbers for the state 1, 2, 3, 4", () => {
  const random = Random.restore([1, 2, 3, 4]);

  // As in the tests of Rust's rand_xoshiro. The first by hand: 2 * 5 is 10, rotated by 7 is 1280, times 9.
  assertEquals(Array.from({ length: 4 }, () => random.uint32()), [11_520, 0, 5_927_040, 70_819_200]);
});

Deno.test("Random's seed goes through SplitMix with MurmurHash3's mixer", () => {
  for (const seed of [0, 1, -1, 42, 2 ** 31, 2 ** 32 - 1]) {
    assertEquals(new Random(seed).state, splitMix(seed));
  }
});

Deno.test("Random.restore() goes on where the state was taken", () => {
  const random = new Random(5);
  for (let index = 0; index < 100; index++) random.uint32();

  const restored = Random.restore(JSON.parse(JSON.stringify(random.state)));

  const numbers = [random, restored].map((one) => Array.from({ length: 50 }, () => one.uint32()));
  assertEquals(numbers[0], numbers[1]);
  assertEquals(random.state, restored.state);
});

Deno.test("Random.state has four whole numbers from 0 to 2^32 - 1", () => {
  const random = new Random(9);

  for (let index = 0; index < 1_000; index++) {
    random.uint32();
    assert(random.state.every((part) => Number.isInteger(part) && part >= 0 && part < 2 ** 32));
  }
});

Deno.test("Random.uniform() is uniform in [0, 1)", () => {
  const random = new Random(1);
  const bins = new Uint32Array(100);
  const count = 200_000;
  let sum = 0;

  for (let index = 0; index < count; index++) {
    const value = random.uniform();
    assert(value >= 0 && value < 1);
    bins[Math.floor(value * 100)]!++;
    sum += value;
  }

  // Standard deviations: 1 / sqrt(12 n) of the mean, sqrt(n p (1 - p)) of a bin, sqrt(2 * 99) of chi squared.
  assertAlmostEquals(sum / count, 0.5, 5 / Math.sqrt(12 * count));
  const expected = count / 100;
  for (const bin of bins) assertAlmostEquals(bin, expected, 5 * Math.sqrt(expected * 0.99));
  const chiSquared = bins.reduce((total, bin) => total + (bin - expected) ** 2 / expected, 0);
  assertAlmostEquals(chiSquared, 99, 5 * Math.sqrt(2 * 99));
});

Deno.test("Random.below() takes every whole number below its end equally often", () => {
  const random = new Random(2);
  const counts = new Uint32Array(7);

  for (let index = 0; index < 70_000; index++) counts[random.below(7)]!++;

  for (const count of counts) assertAlmostEquals(count, 10_000, 5 * Math.sqrt(10_000 * 6 / 7));
});

Deno.test("Random.normal() has mean 0, deviation 1 and the kurtosis of a normal distribution", () => {
  const random = new Random(3);
  const count = 100_000;

  const values = Array.from({ length: count }, () => random.normal());

  const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / count;
  // Variances of the moments of a normal distribution: 1, 2, 15 and 96, over n.
  assertAlmostEquals(moment(1), 0, 5 * Math.sqrt(1 / count));
  assertAlmostEquals(moment(2), 1, 5 * Math.sqrt(2 / count));
  assertAlmostEquals(moment(3), 0, 5 * Math.sqrt(15 / count));
  assertAlmostEquals(moment(4), 3, 5 * Math.sqrt(96 / count));
  assert(values.every(Number.isFinite));
});

Deno.test("Random.shuffle() keeps the items, and puts each of them everywhere equally often", () => {
  const random = new Random(4);
  const places = Array.from({ length: 5 }, () => new Uint32Array(5));

  for (let round = 0; round < 20_000; round++) {
    const items = [0, 1, 2, 3, 4];
    assert(random.shuffle(items) === items);
    assertEquals(new Set(items).size, 5);
    items.forEach((item, place) => places[item]![place]!++);
  }

  for (const count of places.flatMap((row) => [...row])) {
    assertAlmostEquals(count, 4_000, 5 * Math.sqrt(4_000 * 0.8));
  }
});

Deno.test("Random.shuffle() takes empty lists and lists of one", () => {
  assertEquals(new Random(1).shuffle([]), []);
  assertEquals(new Random(1).shuffle(["a"]), ["a"]);
});

Deno.test("Random.at() gives the same stream for the same place and another one for any other", () => {
  const places = [[], [0], [1], [0, 0], [0, 1], [1, 0], [2, 3, 4], [4, 3, 2], [3, 2, 4]];
  const streams = [1, 2].flatMap((seed) => places.map((place) => Random.at(seed, ...place).state.join()));

  assertEquals(new Set(streams).size, streams.length);
  assertEquals(Random.at(1, 2, 3).state, Random.at(1, 2, 3).state);
  assertNotEquals(Random.at(1, 2).state, new Random(1).state);
});

Deno.test("Random.at() gives streams of neighbouring places that have nothing to do with each other", () => {
  const count = 20_000;
  const first = Array.from({ length: count }, (_, step) => Random.at(7, step).uniform());
  const others: [string, number[]][] = [
    ["the next step", first.map((_, step) => Random.at(7, step + 1).uniform())],
    ["the next seed", first.map((_, step) => Random.at(8, step).uniform())],
    ["the next layer", first.map((_, step) => Random.at(7, step, 1).uniform())],
  ];

  // A correlation of n independent pairs has the deviation 1 / sqrt(n).
  for (const [name, other] of others) {
    assertLess(Math.abs(correlation(first, other)), 5 / Math.sqrt(count), name);
  }
});

Deno.test("hash32() is FNV-1a with MurmurHash3's mixer", () => {
  for (const text of ["", "a", "near-copies", "über €"]) {
    assertEquals(hash32(text), Number(mix(fnv1a(text))));
  }
});

/** xoshiro128** 1.1 in unbounded integers, after Blackman and Vigna, https://prng.di.unimi.it. */
function* xoshiro128(state: readonly number[]): Generator<number, never> {
  let [a, b, c, d] = state.map(BigInt) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number(rotate(b * 5n & MASK, 7n) * 9n & MASK);
    const shifted = b << 9n & MASK;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11n);
  }
}

function splitMix(seed: number): [number, number, number, number] {
  const at = (index: bigint): number => Number(mix(BigInt(seed) + index * 0x9e3779b9n & MASK));
  return [at(1n), at(2n), at(3n), at(4n)];
}

function mix(value: bigint): bigint {
  value = (value ^ value >> 16n) * 0x85ebca6bn & MASK;
  value = (value ^ value >> 13n) * 0xc2b2ae35n & MASK;
  return value ^ value >> 16n;
}

/** Over UTF-16 code units, which is where it differs from the hash of bytes. */
function fnv1a(text: string): bigint {
  let hash = 0x811c9dc5n;
  for (let index = 0; index < text.length; index++) {
    hash = (hash ^ BigInt(text.charCodeAt(index))) * 0x01000193n & MASK;
  }
  return hash;
}

function rotate(value: bigint, bits: bigint): bigint {
  return (value << bits | value >> (32n - bits)) & MASK;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const product = a.reduce((sum, value, index) => sum + (value - 0.5) * (b[index]! - 0.5), 0);
  return product / a.length * 12; // the variance of a uniform number is 1/12
}
