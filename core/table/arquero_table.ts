/**
 * Tables to and from arquero, over the same memory: numbers without gaps are given as the typed arrays that they
 * are, everything else as a column that decodes what is asked for.
 *
 * @module
 */
import { type ColumnTable, table as arqueroTable } from "../deps/arquero.ts";
import {
  type Cell,
  cellAt,
  cellsOf,
  type Column,
  type ColumnType,
  isNull,
  makeColumn,
  type NumberArray,
} from "./column.ts";
import { Table } from "./table.ts";

/** What arquero takes for a column. */
interface ArqueroColumn extends Iterable<unknown> {
  readonly length: number;
  at(row: number): unknown;
}

/** Which of our columns an arquero column stands for: one that comes back unchanged is not read. */
const origins = new WeakMap<object, Column>();

/**
 * An arquero table of the same columns. It shares their memory, so they are to be read only.
 *
 * @example
 * ```ts
 * import { fromArquero, toArquero } from "./arquero_table.ts";
 * import { Table } from "./table.ts";
 * import { op } from "../deps/arquero.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const data = toArquero(Table.from({ price: [2, 4, null] }));
 * const more = data.derive({ mean: (d: { price: number }) => op.mean(d.price) });
 * assertEquals(fromArquero(more).toLists(), { price: [2, 4, null], mean: [3, 3, 3] });
 * ```
 */
export function toArquero(table: Table): ColumnTable {
  const entries = [...table.columns].map(([name, column]) => {
    const made = columnFor(column);
    origins.set(made, column);
    return [name, made] as const;
  });
  return arqueroTable(Object.fromEntries(entries), table.names);
}

/**
 * A table of what an arquero table shows: filters and orders are carried out. `undefined` becomes `null`, a date
 * milliseconds since 1970.
 *
 * @param before a table some of whose columns may be in it: where they are made anew, as an order does, numbers
 * keep their type
 * @throws {KBertError} `input/invalid` for a column of several kinds, of something that no cell can be, or of
 * another length
 */
export function fromArquero(data: ColumnTable, before?: Table): Table {
  const table = data.isFiltered() || data.isOrdered() ? data.reify() : data;
  return new Table(
    new Map(
      table.columnNames().map((name) => {
        const column = table.column(name) as unknown as ArqueroColumn;
        const preferred = before?.columns.get(name)?.type;
        return [name, origins.get(column) ?? columnFrom(name, column, preferred)];
      }),
    ),
  );
}

function columnFor(column: Column): ArqueroColumn {
  const isBare = column.validity === undefined && column.type !== "utf8" && column.type !== "bool";
  // A view of its own: an arquero column is known by its identity, and two of ours may share an array.
  if (isBare) return (column.values as NumberArray).subarray() as unknown as ArqueroColumn;
  return new DecodedColumn(column);
}

/** Texts are decoded all at once when the first is asked for: one by one they cost several times as much. */
class DecodedColumn implements ArqueroColumn {
  readonly length: number;
  readonly #column: Column;
  #cells: readonly Cell[] | undefined;

  constructor(column: Column) {
    this.length = column.length;
    this.#column = column;
  }

  at(row: number): Cell {
    const column = this.#column;
    if (column.type === "utf8") return (this.#cells ??= cellsOf(column))[row]!;
    return isNull(column, row) ? null : cellAt(column, row);
  }

  *[Symbol.iterator](): Iterator<Cell> {
    for (let row = 0; row < this.length; row++) yield this.at(row);
  }
}

function columnFrom(name: string, column: ArqueroColumn, preferred?: ColumnType): Column {
  if (column instanceof Float64Array || column instanceof Float32Array || column instanceof Int32Array) {
    return makeColumn(name, column);
  }
  if (
    column instanceof Int8Array || column instanceof Int16Array || column instanceof Uint8Array ||
    column instanceof Uint16Array
  ) {
    return makeColumn(name, Int32Array.from(column));
  }
  const cells = Array.from({ length: column.length }, (_, row) => cellFrom(column.at(row)));
  return makeColumn(name, cells, preferred);
}

function cellFrom(value: unknown): Cell {
  if (value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
  return value as Cell; // makeColumn() refuses what is none
}
