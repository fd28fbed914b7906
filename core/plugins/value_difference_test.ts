import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { Table } from "../table/table.ts";
import { fromWire, toWire } from "../table/wire.ts";
import { type HostTensor, isHostTensor } from "../wall/tensor.ts";
import { decodeValue, type WireValue } from "../wall/values.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { compareValues } from "./value_difference.ts";

const RUNS = { seed: 20_260_701, numRuns: 500 } as const;

function floats(shape: readonly number[], ...numbers: number[]): HostTensor {
  return { dtype: "float32", shape, data: Float32Array.from(numbers) };
}

function ints(shape: readonly number[], ...numbers: number[]): HostTensor {
  return { dtype: "int32", shape, data: Int32Array.from(numbers) };
}

/** Of every kind, and of so few leaves that two of them are often alike. */
const anyValue = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<WireValue>(null, undefined, true, false, "", "a"),
    fc.constantFrom(0, -0, 1, 1 + 1e-6, NaN, Infinity, -Infinity),
    fc.double(),
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.uint8Array({ max: 1, maxLength: 2 }).map((bytes) => bytes.slice()),
    fc.float32Array({ maxLength: 3 }).map((data) => floats([data.length], ...data)),
    fc.int32Array({ maxLength: 3 }).map((data) => ints([1, data.length], ...data)),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "__proto__", "constructor", "shape"), tie("value"), { maxKeys: 2 }),
  ),
})).value;

/** The same value with this much more in each of its numbers; whole numbers of tensors stay. */
function moved(value: WireValue, by: number): WireValue {
  if (typeof value === "number") return value + by;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (isHostTensor(value)) {
    const { dtype, shape, data } = value;
    return dtype === "int32" ? value : floats(shape, ...Array.from(data, (number) => number + by));
  }
  if (Array.isArray(value)) return value.map((item) => moved(item, by));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, moved(item, by)]));
}

Deno.test("compareValues() says of each kind of value where the first difference is, and what", async (t) => {
  const zeros = [0, 0, 0, 0, 0, 0];
  const cases: [what: string, expected: WireValue, actual: WireValue, place: string, problem: string][] = [
    ["a number", 0.5, 0.62, "", "0.62, expected 0.5, and the tolerance is 0.000015"],
    ["a text", "spam", "ham", "", '"ham", expected "spam"'],
    ["a text that goes on", ["ham"], ["ham "], "[0]", '"ham ", expected "ham"'],
    ["a boolean", [0, { b: true }], [0, { b: false }], "[1].b", "false, expected true"],
    ["null", null, undefined, "", "undefined, expected null"],
    ["a text for a number", { a: 5 }, { a: "5" }, "a", '"5", expected 5'],
    ["an object for a list", [[]], [{}], "[0]", "an object of 0, expected a list of 0"],
    ["a longer list", { a: [1, 2] }, { a: [1, 2, 3] }, "a", "a list of 3, expected a list of 2"],
    ["a missing key", { a: { b: 1, c: [7] } }, { a: { b: 1 } }, "a.c", "missing, expected a list of 1"],
    ["a key of undefined", { a: undefined }, {}, "a", "missing, expected undefined"],
    ["one key more", {}, { "a b": null }, '["a b"]', "null, where nothing is expected"],
    ["a byte", Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4), "[2]", "the byte 4, expected 3"],
    [
      "fewer bytes",
      new Uint8Array(4),
      new Uint8Array(3),
      "",
      "a Uint8Array of 3, expected a Uint8Array of 4",
    ],
    ["bytes for a list", [1], Uint8Array.of(1), "", "a Uint8Array of 1, expected a list of 1"],
    [
      "a tensor",
      { a: floats([2], 0, 0.5) },
      { a: floats([2], 0, 0.62) },
      "a[1]",
      "0.62, expected 0.5, and the tolerance is 0.000015",
    ],
    [
      "a matrix",
      ints([2, 2], 1, 2, 3, 4),
      ints([2, 2], 1, 2, 5, 4),
      "[1, 0]",
      "5, expected 3, and the tolerance is 0.00004",
    ],
    ["a scalar", { loss: floats([], 1) }, { loss: floats([], NaN) }, "loss", "NaN, expected 1"],
    ["a dtype", floats([1], 1), ints([1], 1), "", "the dtype int32, expected float32"],
    ["a shape", floats([3, 2], ...zeros), floats([2, 3], ...zeros), "", "the shape [2, 3], expected [3, 2]"],
    ["no tensor", floats([0]), { shape: [0] }, "", "an object of 1, expected a tensor of shape [0]"],
  ];
  for (const [what, expected, actual, place, problem] of cases) {
    await t.step(what, () => {
      const difference = compareValues(expected, actual);
      assertEquals([difference.isWithin, difference.place, difference.problem], [false, place, problem]);
    });
  }
});

Deno.test("compareValues() takes NaN for NaN, and each infinity for itself and nothing else", () => {
  const numbers = [NaN, Infinity, -Infinity, 0, 5];
  for (const expected of numbers) {
    for (const actual of numbers) {
      const tolerance = { absolute: 1, relative: 0.5 };
      const isSame = Object.is(expected, actual);
      assertEquals(compareValues(expected, actual, tolerance).isWithin, isSame, `${expected} and ${actual}`);
      const [one, other] = [floats([1], expected), floats([1], actual)];
      assertEquals(compareValues(one, other, tolerance).isWithin, isSame);
    }
  }
  assertEquals(compareValues(-0, 0, { absolute: 0, relative: 0 }), { isWithin: true, largest: 0 });
});

Deno.test("compareValues() answers the largest difference of all numbers, and goes on after the first", () => {
  const expected = { a: [1, 2], b: floats([2], 1, 1), c: "x", d: 5 };

  const within = compareValues(expected, { ...expected, b: floats([2], 1, 1.25) }, { absolute: 1 });
  const without = compareValues(expected, { a: [1, 2.5], b: floats([2], 5, 1), c: "y", d: 4 });
  const infinite = compareValues(expected, { ...expected, d: NaN }, { absolute: 1 });

  assertEquals(within, { isWithin: true, largest: 0.25 });
  assertEquals([without.largest, without.place], [4, "a[1]"]);
  assertEquals([infinite.largest, infinite.place], [Infinity, "d"]);
});

Deno.test("compareValues() finds a value equal to its structured clone, with no tolerance at all", () => {
  const property = fc.property(anyValue, (value) => {
    const difference = compareValues(value, structuredClone(value), { absolute: 0, relative: 0 });
    assertEquals(difference, { isWithin: true, largest: 0 });
  });

  fc.assert(property, RUNS);
});

Deno.test("compareValues() says the same of both directions when no tolerance is relative", () => {
  const outcomes = { true: 0, false: 0 };
  const near = fc.tuple(anyValue, fc.double({ min: -0.2, max: 0.2, noNaN: true }))
    .map(([value, by]): [WireValue, WireValue] => [value, moved(value, by)]);

  fc.assert(
    fc.property(fc.oneof(near, fc.tuple(anyValue, anyValue)), ([one, other]) => {
      const tolerance = { absolute: 0.1, relative: 0 };
      const [there, back] = [compareValues(one, other, tolerance), compareValues(other, one, tolerance)];

      assertEquals([there.isWithin, there.largest], [back.isWithin, back.largest]);
      outcomes[`${there.isWithin}`]++;
    }),
    RUNS,
  );

  assert(Math.min(outcomes.true, outcomes.false) > 50, "both outcomes are seen");
});

Deno.test("compareValues() decides on numbers as exact fractions do", () => {
  const outcomes = { true: 0, false: 0 };
  const size = fc.double({ min: 0, max: 0.01, noNaN: true });
  const pair = fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), size, size).chain(
    ([expected, absolute, relative]) => {
      const edge = absolute + relative * Math.abs(expected);
      const near = fc.double({ min: -2, max: 2, noNaN: true }).map((times) => expected + times * edge);
      const actual = fc.oneof({ weight: 9, arbitrary: near }, fc.double({ noNaN: true }));
      return fc.record({
        expected: fc.constant(expected),
        actual,
        absolute: fc.constant(absolute),
        relative: fc.constant(relative),
      });
    },
  );

  fc.assert(
    fc.property(pair, ({ expected, actual, absolute, relative }) => {
      fc.pre(Number.isFinite(actual));
      const difference = magnitude(fraction(actual) - fraction(expected)) * ONE;
      const allowed = fraction(absolute) * ONE + fraction(relative) * magnitude(fraction(expected));
      // So near to the edge, the rounding of float64 decides.
      fc.pre(magnitude(difference - allowed) > allowed >> 40n);

      const { isWithin } = compareValues(expected, actual, { absolute, relative });

      assertEquals(isWithin, difference <= allowed);
      outcomes[`${isWithin}`]++;
    }),
    { ...RUNS, numRuns: 2_000 },
  );

  assert(Math.min(outcomes.true, outcomes.false) > 200, "both outcomes are seen");
});

Deno.test("compareValues() agrees with the examples of numpy.allclose", () => {
  const numpy = { absolute: 1e-8, relative: 1e-5 };
  // allclose(actual, expected) of https://numpy.org/doc/stable/reference/generated/numpy.allclose.html
  const examples: [actual: number[], expected: number[], isWithin: boolean][] = [
    [[1e10, 1e-7], [1.00001e10, 1e-8], false],
    [[1e10, 1e-8], [1.00001e10, 1e-9], true],
    [[1e10, 1e-8], [1.0001e10, 1e-9], false],
    [[1, NaN], [1, NaN], true],
  ];
  for (const [actual, expected, isWithin] of examples) {
    assertEquals(compareValues(expected, actual, numpy).isWithin, isWithin);
  }
});

Deno.test("compareValues() takes keys like __proto__ for keys, and inherited ones for none", () => {
  const [one, other] = [JSON.parse('{"__proto__": {"a": 1}}'), JSON.parse('{"__proto__": {"a": 2}}')];

  assertEquals(compareValues(one, JSON.parse('{"__proto__": {"a": 1}}')).isWithin, true);
  assertEquals(compareValues(one, other).place, "__proto__.a");
  assertEquals(compareValues(one, {}).problem, "missing, expected an object of 1");
  assertEquals(compareValues({ toString: 1 }, {}).place, "toString");
  assertEquals(compareValues({ a: 1 }, Object.create({ a: 1 })).problem, "missing, expected 1");
});

Deno.test("compareValues() reads each property once", () => {
  let reads = 0;
  const tricky = (value: WireValue): PropertyDescriptor => ({
    enumerable: true,
    get: () => (reads++, value),
  });
  const record = (): WireValue => Object.defineProperties({}, { a: tricky(1), b: tricky([1]) });
  const { dtype, shape, data } = floats([1], 1);
  const tensor = (): WireValue =>
    Object.defineProperties({}, {
      ...{ dtype: tricky(dtype), shape: tricky(shape) },
      data: tricky(data as unknown as WireValue),
    });
  const list = (): WireValue => Object.defineProperties([], { 0: tricky(1), 1: tricky("a") });

  for (const [make, properties] of [[record, 2], [tensor, 3], [list, 2]] as const) {
    reads = 0;
    assertEquals(compareValues(make(), make()).isWithin, true);
    assertEquals(reads, 2 * properties);
    reads = 0;
    assertEquals(compareValues(make(), { no: 1 }).isWithin, false);
    assert(reads <= properties);
  }
});

Deno.test("compareValues() makes what a plugin wrote printable and short", () => {
  const hostile = "\u001b[31m\u202e\n".repeat(1_000);
  const nested = (value: WireValue): WireValue => {
    for (let depth = 0; depth < 30; depth++) value = { [hostile]: value };
    return value;
  };

  const { place = "", problem = "" } = compareValues(nested("\u001b".repeat(9_000)), nested(hostile));

  // deno-lint-ignore no-control-regex -- they are what it looks for
  assertEquals(/[\u0000-\u001f\u007f-\u009f\u202e]/.test(place + problem), false);
  assert(place.length <= 200 && problem.length <= 300);
});

Deno.test("compareValues() shows of long texts where they part", () => {
  const text = "All that glitters is not gold. ".repeat(100);

  const { problem } = compareValues(`${text}Nor is this`, `${text}Now this is`);

  assertEquals(problem, '…"t gold. Now this is", expected …"t gold. Nor is this"');
});

Deno.test("compareValues() walks as deep as decodeValue() lets a value be", () => {
  const nested = (levels: number, text: string): WireValue =>
    decodeValue(JSON.parse("[".repeat(levels) + `"${text}"` + "]".repeat(levels)), []);

  assertEquals(compareValues(nested(33, "a"), nested(33, "b")).place, "[0]".repeat(33));
  assertThrows(() => nested(34, "a"), Error, "deeper than 32 levels");
});

Deno.test("compareValues() compares tables by their lists, with the tolerance that their bytes have not", () => {
  const wire = (score: number) => toWire(Table.from({ word: ["ham", null], score: [0.5, score] }));
  const lists = (score: number) => fromWire(wire(score)).toLists();

  assertEquals(compareValues(lists(1), lists(1 + 1e-7)).isWithin, true);
  assertEquals(compareValues(lists(1), lists(2)).place, "score[1]");
});

Deno.test("compareValues() refuses a tolerance below 0, and one that is no number", () => {
  for (const tolerance of [{ absolute: -1 }, { relative: NaN }, { absolute: Infinity }]) {
    const [[name, value]] = Object.entries(tolerance) as [[string, number]];
    const message = `the ${name} tolerance has to be finite and at least 0, and is ${value}`;
    assertThrows(() => compareValues(1, 1, tolerance), RangeError, message);
  }
});

/** As many parts as the smallest float64 needs. */
const ONE = 1n << 1074n;

/** A float64 in 2^-1074ths, which is exact. */
function fraction(number: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(number).buffer)[0]!;
  const exponent = (bits >> 52n) & 0x7ffn;
  const mantissa = bits & 0xf_ffff_ffff_ffffn;
  const size = exponent === 0n ? mantissa : (mantissa | 1n << 52n) << (exponent - 1n);
  return number < 0 ? -size : size;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}
