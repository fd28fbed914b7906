/**
 * A table: named columns of one length. It never changes; whoever adds a column makes another table, which shares
 * the columns of the first.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { type Cell, cellAt, cellsOf, type Column, makeColumn, type NumberArray } from "./column.ts";

/** Columns as lists of cells, or as numbers that are taken as they are. */
export type ColumnLists = Readonly<Record<string, readonly Cell[] | NumberArray>>;

/**
 * See the module's text.
 *
 * @example
 * ```ts
 * import { Table } from "./table.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const table = Table.from({ city: ["Ulm", "Bonn"], people: Float64Array.of(126_000, 331_000) });
 * assertEquals([table.rows, table.names], [2, ["city", "people"]]);
 * assertEquals(table.row(1), { city: "Bonn", people: 331_000 });
 * ```
 */
export class Table {
  /** Rows of every column. */
  readonly rows: number;
  readonly #columns: ReadonlyMap<string, Column>;

  /** @throws {KBertError} `input/invalid` if the columns differ in length */
  constructor(columns: ReadonlyMap<string, Column>) {
    const [first] = columns;
    this.rows = first?.[1].length ?? 0;
    for (const [name, { length }] of columns) {
      if (length === this.rows) continue;
      const message = `The column ${JSON.stringify(name)} has ${length} rows, and the column ` +
        `${JSON.stringify(first![0])} has ${this.rows}; give them the same number`;
      throw new KBertError("input/invalid", message, { name, limit: this.rows, value: length });
    }
    this.#columns = new Map(columns);
  }

  /** A table of lists, see {@linkcode makeColumn}. @throws {KBertError} `input/invalid` as it does */
  static from(lists: ColumnLists): Table {
    return new Table(new Map(Object.entries(lists).map(([name, cells]) => [name, makeColumn(name, cells)])));
  }

  /** In their order. */
  get names(): string[] {
    return [...this.#columns.keys()];
  }

  /** By name, in their order; see {@linkcode Column} for what is in them. */
  get columns(): ReadonlyMap<string, Column> {
    return this.#columns;
  }

  /** Whether there is a column of this name. */
  has(name: string): boolean {
    return this.#columns.has(name);
  }

  /** @throws {KBertError} `input/invalid` if there is no such column, with those that there are */
  column(name: string): Column {
    const column = this.#columns.get(name);
    if (column) return column;
    const known = this.names.map((one) => JSON.stringify(one)).join(", ") || "none";
    const message = `There is no column ${JSON.stringify(name)}; there are ${known.slice(0, 500)}`;
    throw new KBertError("input/invalid", message, { name, value: name });
  }

  /** The values of a column. @throws {KBertError} as {@linkcode Table.column} does */
  cells(name: string): Cell[] {
    return cellsOf(this.column(name));
  }

  /** The values of a row, from 0, by column. @throws {RangeError} if there is no such row */
  row(row: number): Record<string, Cell> {
    if (!(Number.isInteger(row) && row >= 0 && row < this.rows)) {
      throw new RangeError(`There is no row ${row}; there are ${this.rows} rows, counted from 0`);
    }
    return Object.fromEntries([...this.#columns].map(([name, column]) => [name, cellAt(column, row)]));
  }

  /** Only these columns, in this order. @throws {KBertError} as {@linkcode Table.column} does */
  select(names: readonly string[]): Table {
    return new Table(new Map(names.map((name) => [name, this.column(name)])));
  }

  /** With further columns; one that is there already is replaced. @throws {KBertError} as the constructor does */
  with(more: ReadonlyMap<string, Column>): Table {
    return new Table(new Map([...this.#columns, ...more]));
  }

  /** Memory of its own, which can be given away. */
  copy(): Table {
    return new Table(new Map([...this.#columns].map(([name, column]) => [name, copyOf(column)])));
  }

  /** All columns as lists. */
  toLists(): Record<string, Cell[]> {
    return Object.fromEntries(this.names.map((name) => [name, this.cells(name)]));
  }
}

function copyOf({ values, offsets, validity, ...rest }: Column): Column {
  return {
    ...rest,
    values: values.slice(),
    ...(offsets && { offsets: offsets.slice() }),
    ...(validity && { validity: validity.slice() }),
  };
}
