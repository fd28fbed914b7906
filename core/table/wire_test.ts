import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "../deps/assert.ts";
import { anyTable } from "../../tests/fixtures/arbitrary_table.ts";
import { fc } from "../../tests/deps/fast_check.ts";
import { decodeValue, encodeValue, type WireValue } from "../wall/values.ts";
import { makeColumn, viewsOf } from "./column.ts";
import { Table } from "./table.ts";
import { fromWire, keptColumns, toWire, type WireTable } from "./wire.ts";

/** As a frame carries it: JSON, and buffers that were moved. */
function crossed(wire: WireTable): WireValue {
  const buffers: ArrayBuffer[] = [];
  const head = JSON.stringify(encodeValue(wire as unknown as WireValue, buffers));
  return decodeValue(JSON.parse(head), structuredClone(buffers, { transfer: buffers }));
}

/** Names, types and cells, where -0 is not 0. */
function contentOf(table: Table): unknown {
  return [...table.columns].map(([name, { type, length }]) => [name, type, length, table.cells(name)]);
}

/** More than fit into a frame one by one. */
function wideTable(columns: number): Table {
  const make = (index: number): [string, ReturnType<typeof makeColumn>] => [
    `c${index}`,
    makeColumn(
      "c",
      [index % 3 === 0 ? [index, null, -0] : index % 3 === 1 ? ["ä", null, "c"] : [true, false, null]]
        .flat(),
    ),
  ];
  return new Table(new Map(Array.from({ length: columns }, (_, index) => make(index))));
}

Deno.test("any table comes back from the wire as it went", () => {
  fc.assert(
    fc.property(anyTable, (table) => {
      const content = contentOf(table);
      assertEquals(contentOf(fromWire(toWire(table))), content);
      assertEquals(contentOf(fromWire(crossed(toWire(table)))), content);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("toWire() shares the table's memory, and sending it takes all of it away", () => {
  const table = Table.from({ a: Float64Array.of(1, 2), b: ["x", null] });
  const wire = toWire(table);

  assertStrictEquals((wire.columns[0]!.values as Uint8Array).buffer, table.column("a").values.buffer);
  crossed(wire);
  const buffers = [...table.columns.values()].flatMap(viewsOf).map(({ buffer }) => buffer as ArrayBuffer);
  assertEquals(buffers.map(({ detached }) => detached), [true, true, true, true]);
});

Deno.test("toWire() packs the columns of a table that is too wide for a frame, and keeps its own", () => {
  const table = wideTable(300);

  const wire = toWire(table);
  const buffers: ArrayBuffer[] = [];
  encodeValue(wire as unknown as WireValue, buffers);

  assertEquals([buffers.length, wire.columns[1]], [1, {
    ...{ name: "c1", type: "utf8", values: 3, offsets: 16, validity: 1 },
  }]);
  assertEquals(contentOf(fromWire(crossed(wire))), contentOf(table));
  assertEquals(contentOf(fromWire(toWire(fromWire(crossed(toWire(table)))))), contentOf(table));
});

Deno.test("fromWire() takes bytes that begin anywhere", () => {
  const at = (bytes: Uint8Array): Uint8Array => {
    const larger = new Uint8Array(bytes.length + 2);
    larger.set(bytes, 1);
    return larger.subarray(1, 1 + bytes.length);
  };
  const { rows, columns } = toWire(Table.from({ a: [1, null], b: ["x", "yz"], c: Int32Array.of(7, 8) }));
  const moved = columns.map(({ values, offsets, validity, ...rest }) => ({
    ...{ ...rest, values: at(values as Uint8Array) },
    ...(offsets !== undefined && { offsets: at(offsets as Uint8Array) }),
    ...(validity !== undefined && { validity: at(validity as Uint8Array) }),
  }));

  assertEquals(fromWire({ rows, columns: moved }).toLists(), { a: [1, null], b: ["x", "yz"], c: [7, 8] });
});

Deno.test("keptColumns() has what was not moved away", () => {
  const larger = Float64Array.of(0, 1, 2, 0);
  const table = Table.from({ moved: [1, 2], copied: larger.subarray(1, 3), text: ["x", null] });
  const wire = toWire(table);

  assertEquals(keptColumns(wire).names, ["moved", "copied", "text"]);
  crossed(wire);
  assertEquals(keptColumns(wire).toLists(), { copied: [1, 2] });

  const wide = toWire(wideTable(300));
  assertEquals(keptColumns(wide).names.length, 300);
  crossed(wide);
  assertEquals(keptColumns(wide).names, []);
});

const BYTES = new Uint8Array(8);
const TEXT = { name: "t", type: "utf8", values: Uint8Array.of(120, 121) };

/** Offsets as bytes. */
function offsets(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

Deno.test("fromWire() says what is wrong with what somebody else wrote", () => {
  const number = { name: "a", type: "float64", values: BYTES };
  const one = (column: unknown): unknown => ({ rows: 1, columns: [column] });
  const cases: [value: unknown, message: string][] = [
    ...[null, undefined, 5, "table", [], {}, { rows: 1 }, { columns: [] }, { rows: "1", columns: [] }]
      .map((value): [unknown, string] => [value, "it is no table"]),
    ...[-1, 0.5, NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53]
      .map((
        rows,
      ): [unknown, string] => [
        { rows, columns: [{ name: "b", type: "bool", values: BYTES }] },
        "it is no table",
      ]),
    [{ rows: 1, columns: { length: 1, 0: number } }, "it is no table"],
    [{ rows: 3, columns: [] }, "it has 3 rows and no column"],
    ...[null, 5, "a", [], {}, { ...number, name: 7 }, { ...number, name: null }]
      .map((column): [unknown, string] => [one(column), "a column has no name of its own"]),
    [{ rows: 1, columns: [number, number] }, "a column has no name of its own"],
    [{ rows: 1, columns: Array(3) }, "a column has no name of its own"],
    [one({ ...number, values: undefined }), 'the column "a" has no values'],
    [one({ ...number, values: new Float64Array(1) }), 'the column "a" has no values'],
    [one({ ...number, values: new ArrayBuffer(8) }), 'the column "a" has no values'],
    [one({ ...number, values: 8 }), 'the column "a" has no values'],
    [one({ ...number, type: "float16" }), 'the column "a" is of no known type'],
    [one({ ...number, type: "constructor" }), 'the column "a" is of no known type'],
    [one({ ...number, type: undefined }), 'the column "a" is of no known type'],
    [one({ ...number, type: "float32" }), 'the column "a" has not 1 rows'],
    [one({ ...number, type: "bool" }), 'the column "a" has not 1 rows'],
    [{ rows: 2, columns: [number] }, 'the column "a" has not 2 rows'],
    [one({ ...number, validity: BYTES }), 'the column "a" says of another number of rows what is missing'],
    [one({ ...number, validity: null }), 'the column "a" says of another number of rows what is missing'],
    [one({ ...number, validity: "x" }), 'the column "a" says of another number of rows what is missing'],
    [one(TEXT), 'the column "t" has not 1 rows'],
    [one({ ...TEXT, offsets: offsets(0, 1, 2) }), 'the column "t" has not 1 rows'],
    [one({ ...TEXT, offsets: Int32Array.of(0, 2) }), 'the column "t" has not 1 rows'],
    [one({ ...TEXT, offsets: offsets(0, 3) }), 'the column "t" has texts that lie outside of its bytes'],
    [one({ ...TEXT, offsets: offsets(0, 1) }), 'the column "t" has texts that lie outside of its bytes'],
    [one({ ...TEXT, offsets: offsets(1, 2) }), 'the column "t" has texts that lie outside of its bytes'],
    [
      one({ ...TEXT, offsets: offsets(-1, 2) }),
      'the column "t" has texts that begin before the one ahead of them ends',
    ],
    [
      { rows: 2, columns: [{ ...TEXT, offsets: offsets(0, 2, 1) }] },
      'the column "t" has texts that begin before the one ahead of them ends',
    ],
    [{ rows: 1, columns: [{ ...number, values: 8 }], packed: "bytes" }, "its bytes are none"],
    [{ rows: 1, columns: [{ ...number, values: 16 }], packed: BYTES }, "it has fewer bytes than its columns"],
    [{ rows: 1, columns: [{ ...number, values: -8 }], packed: BYTES }, 'the column "a" has no values'],
    [{ rows: 1, columns: [{ ...number, values: BYTES }], packed: BYTES }, 'the column "a" has no values'],
    [
      { rows: 1, columns: [{ ...number, values: 8 }, { ...number, name: "b", values: 8 }], packed: BYTES },
      "it has fewer bytes than its columns",
    ],
    [
      one({ ...number, name: "n".repeat(1_000_000), values: null }),
      `the column "${"n".repeat(64)}" has no values`,
    ],
  ];
  for (const [value, message] of cases) {
    const error = assertThrows(() => fromWire(value as WireValue), TypeError);
    assertEquals(error.message, message);
  }
});

/** A wire form of which some parts were replaced by anything, most often by what is nearly right. */
function hostile(tables: fc.Arbitrary<Table>): fc.Arbitrary<unknown> {
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 24 }),
    fc.nat(40),
    fc.maxSafeInteger(),
    fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 6 }).map((values) => offsets(...values)),
    fc.constantFrom("float64", "float32", "int32", "bool", "utf8", "a", "__proto__", undefined, null),
    fc.anything({ withTypedArray: true, withSparseArray: true }),
  );
  const ofTable = fc.constantFrom("rows", "columns", "packed");
  const ofColumn = fc.constantFrom("name", "type", "values", "offsets", "validity");
  const change = fc.tuple(
    fc.oneof({ weight: 1, arbitrary: ofTable }, { weight: 4, arbitrary: ofColumn }),
    fc.nat(),
    value,
  );
  return fc.tuple(tables, fc.array(change, { maxLength: 3 })).map(([table, changes]) => {
    const wire = toWire(table.copy());
    const columns = wire.columns.map((column) => ({ ...column }));
    const changed = { ...wire, columns };
    for (const [key, at, value] of changes) {
      const isOfTable = ["rows", "columns", "packed"].includes(key);
      Reflect.set(isOfTable ? changed : columns[at % columns.length] ?? {}, key, value);
    }
    return changed;
  });
}

/** How often a value was a table, whose cells can all be read and which can be sent on, and how often an error. */
function tried(values: fc.Arbitrary<unknown>, numRuns: number): [tables: number, errors: number] {
  let [tables, errors] = [0, 0];
  fc.assert(
    fc.property(values, (value) => {
      try {
        const table = fromWire(value as WireValue);
        for (const name of table.names) assertEquals(table.cells(name).length, table.rows);
        assertEquals(contentOf(fromWire(toWire(table))), contentOf(table));
        tables++;
      } catch (error) {
        assertInstanceOf(error, TypeError);
        errors++;
      }
    }),
    { seed: 1, numRuns },
  );
  return [tables, errors];
}

Deno.test("fromWire() answers a whole table or a TypeError, whatever it is given", () => {
  const [tables, errors] = tried(hostile(anyTable), 3_000);
  const [wideTables, wideErrors] = tried(hostile(fc.constant(wideTable(91))), 200);

  assert(tables > 500 && errors > 500, `${tables} tables and ${errors} errors`);
  assert(wideTables > 20 && wideErrors > 50, `${wideTables} wide tables and ${wideErrors} errors`);
});
