/**
 * Rows of a table as texts, so that a model of language can read them.
 *
 * @module
 */
import { KBertError } from "../wall/errors.ts";
import { type Cell, cellAt } from "./column.ts";
import type { Table } from "./table.ts";

/**
 * How a row becomes a text.
 *
 * | template    | `{ island: "Dream", mass: 3800, sex: null }`                |
 * | ----------- | ----------------------------------------------------------- |
 * | `key-value` | `island: Dream, mass: 3800`                                 |
 * | `sentence`  | `The island is Dream. The mass is 3800.`                    |
 * | `markdown`  | a table of one row, with a head and missing values as `-`   |
 * | `json`      | `{"island":"Dream","mass":3800,"sex":null}`                 |
 *
 * Any other text is a template of your own: `A penguin of {mass} g on {island}` has the values filled in, and
 * `unknown` where there is none.
 */
export type RowTemplate = "key-value" | "sentence" | "markdown" | "json" | (string & Record<never, never>);

/** What is written, and how. */
export interface RowTextOptions {
  /** @default {"key-value"} */
  readonly template?: RowTemplate;
  /** Columns in their order. @default {all of them} */
  readonly columns?: readonly string[];
  /** Significant digits of numbers that are no whole numbers. @default {6} */
  readonly precision?: number;
  /** What columns are called in the text. @default {their names, with blanks for underscores} */
  readonly names?: Readonly<Record<string, string>>;
}

/**
 * One text for each row. What is missing is left out, but for `markdown`, `json` and templates of your own.
 *
 * @throws {KBertError} `input/invalid` for a column that there is not, or a template without a column
 * @example
 * ```ts
 * import { rowTexts } from "./templates.ts";
 * import { Table } from "./table.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const table = Table.from({ island: ["Dream"], body_mass: [3800], sex: [null] });
 * assertEquals(rowTexts(table), ["island: Dream, body mass: 3800"]);
 * assertEquals(rowTexts(table, { template: "sentence" }), ["The island is Dream. The body mass is 3800."]);
 * assertEquals(rowTexts(table, { template: "{body_mass} g, {sex}" }), ["3800 g, unknown"]);
 * ```
 */
export function rowTexts(table: Table, options: RowTextOptions = {}): string[] {
  const { template = "key-value", columns = table.names, precision = 6, names = {} } = options;
  const named = WRITERS.get(template);
  const write = named ?? filledIn(template, table);
  const sources = (named ? columns : placesOf(template)).map((name) => ({
    name,
    shown: Object.hasOwn(names, name) ? names[name]! : name.replaceAll("_", " "),
    column: table.column(name),
  }));
  return Array.from({ length: table.rows }, (_, row) =>
    write(sources.map(({ name, shown, column }) => {
      const cell = cellAt(column, row);
      return { name, shown, cell, text: cell === null ? "" : textOf(cell, precision) };
    })));
}

/** A value of a row, and how it is written. */
interface Part {
  readonly name: string;
  readonly shown: string;
  readonly cell: Cell;
  readonly text: string;
}

const WRITERS: ReadonlyMap<string, (parts: readonly Part[]) => string> = new Map([
  ["key-value", (parts) => parts.filter(isThere).map(({ shown, text }) => `${shown}: ${text}`).join(", ")],
  [
    "sentence",
    (parts) => parts.filter(isThere).map(({ shown, text }) => `The ${shown} is ${text}.`).join(" "),
  ],
  ["markdown", (parts) => {
    const line = (cells: readonly string[]): string =>
      `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\r?\n/g, " ")).join(" | ")} |`;
    const head = parts.map(({ shown }) => shown);
    return [line(head), line(head.map(() => "---")), line(parts.map(({ text }) => text || "-"))].join("\n");
  }],
  ["json", (parts) => {
    const cells = parts.map(({ name, cell, text }) => [name, typeof cell === "number" ? Number(text) : cell]);
    return JSON.stringify(Object.fromEntries(cells));
  }],
]);

function isThere({ cell }: Part): boolean {
  return cell !== null;
}

/** Names in braces; a brace that is meant is written twice. */
const PLACE = /\{\{|\}\}|\{([^{}]+)\}/g;

function placesOf(template: string): string[] {
  return [...new Set([...template.matchAll(PLACE)].flatMap(([, name]) => name === undefined ? [] : [name]))];
}

function filledIn(template: string, { names }: Table): (parts: readonly Part[]) => string {
  if (placesOf(template).length === 0) {
    const known = [...WRITERS.keys()].join(", ");
    const message = `The template ${JSON.stringify(template.slice(0, 80))} names no column; write one as ` +
      `{${names[0] ?? "column"}}, or take one of ${known}`;
    throw new KBertError("input/invalid", message, { name: "template", value: template });
  }
  return (parts) => {
    const texts = new Map(parts.map(({ name, text, cell }) => [name, cell === null ? "unknown" : text]));
    return template.replace(
      PLACE,
      (found, name?: string) => name === undefined ? found[0]! : texts.get(name)!,
    );
  };
}

function textOf(cell: string | number | boolean, precision: number): string {
  if (typeof cell !== "number" || Number.isInteger(cell)) return String(cell);
  return String(Number(cell.toPrecision(precision)));
}
