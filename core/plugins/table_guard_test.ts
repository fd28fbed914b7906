import { assertEquals } from "../deps/assert.ts";
import { makeColumn } from "../table/column.ts";
import { type ColumnLists, Table } from "../table/table.ts";
import { toWire, type WireTable } from "../table/wire.ts";
import type { PoisonReason } from "../wall/poison.ts";
import { guardTable } from "./table_guard.ts";

const GIVEN = { text: ["a", "b"], score: [-0, NaN], open: [true, null] };

function wire(lists: ColumnLists): WireTable {
  return toWire(Table.from(lists));
}

Deno.test("guardTable() refuses changed columns, other rows, and new columns that nobody could use", () => {
  const many = Object.fromEntries(Array.from({ length: 1_025 }, (_, index) => [`c${index}`, [1, 2]]));
  const { text: _text, ...withoutText } = GIVEN;
  const cases: [answer: ColumnLists, reason: PoisonReason | undefined][] = [
    [GIVEN, undefined],
    [{ ...GIVEN, score: Float64Array.of(-0, NaN) }, undefined],
    [
      { ...GIVEN, length: [1, null], tag: ["x", null], whole: Int32Array.of(1, 2), no: [false, true] },
      undefined,
    ],
    [withoutText, "changed"],
    [{ ...GIVEN, text: ["a", "c"] }, "changed"],
    [{ ...GIVEN, text: ["a", null] }, "changed"],
    [{ ...GIVEN, score: [0, NaN] }, "changed"],
    [{ ...GIVEN, score: [-0, 0] }, "changed"],
    [{ ...GIVEN, score: Float32Array.of(-0, NaN) }, "changed"],
    [{ ...GIVEN, open: [true, false] }, "changed"],
    [{ text: ["a"], score: [-0], open: [true] }, "count"],
    [{ ...GIVEN, ...many }, "count"],
    [{ ...GIVEN, length: [1, NaN] }, "not-finite"],
    [{ ...GIVEN, length: [-Infinity, null] }, "not-finite"],
    [{ ...GIVEN, length: Float32Array.of(1, Infinity) }, "not-finite"],
    [{ ...GIVEN, ["n".repeat(257)]: [1, 2] }, "length"],
    [{ ...GIVEN, "": [1, 2] }, "length"],
    [{ ...GIVEN, "\ud800": [1, 2] }, "text"],
    [{ ...GIVEN, tag: ["x".repeat(65_537), ""] }, "length"],
    [{ ...GIVEN, tag: ["x".repeat(65_536), ""] }, undefined],
  ];
  for (const [answer, reason] of cases) assertEquals(guardTable(wire(GIVEN), wire(answer))?.reason, reason);
});

Deno.test("guardTable() says which row of which column is wrong, with limit and value", () => {
  const cases: [answer: ColumnLists, expected: unknown][] = [
    [{ ...GIVEN, text: ["a", "c"] }, {
      reason: "changed",
      problem: 'row 2 of the column "text" was changed; put what is new in a new column',
      value: 2,
    }],
    [{ ...GIVEN, score: ["x", "y"] }, {
      reason: "changed",
      problem: 'the column "score" was float64 and is utf8 now',
    }],
    [{ ...GIVEN, mean: [0.5, -Infinity] }, {
      reason: "not-finite",
      problem:
        'row 2 of the column "mean" is -Infinity, expected a finite number; give null where there is none',
      value: -Infinity,
    }],
    [{ text: ["a"] }, {
      reason: "count",
      problem: "it gave 1 rows for 2; give a row for each row",
      limit: 2,
      value: 1,
    }],
  ];
  for (const [answer, expected] of cases) assertEquals(guardTable(wire(GIVEN), wire(answer)), expected);
});

Deno.test("guardTable() takes no number for missing where there is one, nor one that is missing for NaN", () => {
  const gap = { ...makeColumn("a", [1, null]), values: Float64Array.of(1, NaN) };
  const answer = (column: typeof gap): WireTable =>
    toWire(new Table(new Map([...Table.from(GIVEN).columns, ["new", column]])));

  assertEquals(guardTable(wire(GIVEN), answer(gap)), undefined);
  const { validity: _validity, ...filled } = gap;
  assertEquals(guardTable(wire(GIVEN), answer(filled as typeof gap))?.reason, "not-finite");
  // What stands under a gap is nobody's business, in columns that were given too.
  const [given, other] = [0, 7].map((under) =>
    toWire(new Table(new Map([["a", { ...gap, values: Float64Array.of(1, under) }]])))
  );
  assertEquals(guardTable(given!, other!), undefined);
});

Deno.test("guardTable() refuses new texts whose bytes are none", () => {
  const broken = {
    ...{ type: "utf8", length: 2 } as const,
    values: Uint8Array.of(0xf0, 0x9f, 0xa5, 0x84),
    offsets: Int32Array.of(0, 2, 4), // the four bytes are one character
  };
  const answer = toWire(new Table(new Map([...Table.from(GIVEN).columns, ["tag", broken]])));

  assertEquals(guardTable(wire(GIVEN), answer), {
    reason: "text",
    problem: 'row 1 of the column "tag" is no UTF-8; cut texts between characters only',
  });
});

Deno.test("guardTable() compares the columns that are still here, and types and names of all", () => {
  const larger = Float64Array.of(0, 1, 2, 0).subarray(1, 3);
  const given = wire({ moved: [1, 2], copied: larger });
  const [moved] = given.columns;
  const { buffer } = moved!.values as Uint8Array<ArrayBuffer>;
  structuredClone(buffer, { transfer: [buffer] });

  assertEquals(guardTable(given, wire({ moved: [7, 8], copied: [1, 2] })), undefined);
  assertEquals(guardTable(given, wire({ moved: [7, 8], copied: [1, 7] }))?.value, 2);
  assertEquals(guardTable(given, wire({ moved: ["x", "y"], copied: [1, 2] }))?.reason, "changed");
  assertEquals(guardTable(given, wire({ copied: [1, 2] }))?.reason, "changed");
});

Deno.test("guardTable() finds a change in any byte of a column, wherever it begins", () => {
  const numbers = Float64Array.of(1.5, -2.25, 3.125);
  const given = toWire(Table.from({ a: numbers }));
  for (let at = 0; at < 24; at++) {
    const bytes = new Uint8Array(numbers.slice().buffer);
    bytes[at]! ^= 1;
    const padded = new Uint8Array(25);
    padded.set(bytes, 1);
    for (const values of [bytes, padded.subarray(1)]) {
      const answer: WireTable = { rows: 3, columns: [{ name: "a", type: "float64", values }] };
      assertEquals(guardTable(given, answer)?.value, (at >> 3) + 1);
    }
  }
  for (const text of ["abcdefg", "abcdxfgh", "abcdefgx", "xbcdefgh"]) {
    assertEquals(guardTable(wire({ a: ["abcdefgh"] }), wire({ a: [text] }))?.value, 1);
  }
});
