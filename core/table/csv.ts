/**
 * Reads CSV (RFC 4180) into a table, with the kind of each column found out.
 *
 * @module
 */
import { parseCsv } from "../deps/csv.ts";
import { KBertError, messageOf } from "../wall/errors.ts";
import { type Cell, type ColumnType, makeColumn } from "./column.ts";
import { Table } from "./table.ts";

/** How a CSV file is read. */
export interface CsvOptions {
  /** Its name, for errors. @default {"the CSV text"} */
  readonly file?: string;
  /** What stands between two values. @default {","} */
  readonly separator?: string;
  /** Texts that stand for nothing, beside the empty one. @default {["NA", "NaN", "null"]} */
  readonly missing?: readonly string[];
  /** Columns whose kind is not to be guessed: postal codes look like numbers. */
  readonly types?: Readonly<Record<string, "number" | "text" | "boolean">>;
}

const MISSING = ["NA", "NaN", "null"];

/** What a column without a value is. */
const PREFERRED = { number: "float64", text: "utf8", boolean: "bool" } as const;

/**
 * A table of a CSV text whose first line names the columns. A column of numbers becomes `float64`, one of `true`
 * and `false` `bool`, everything else text, also whole numbers that `float64` cannot hold; what is missing is
 * `null`. Empty lines count for nothing, and line ends within a value become `\n`.
 *
 * @throws {KBertError} `input/invalid` with the row, of which the names are the first, for one of another length, a
 * quote that is not closed, a name that comes twice, a value that is not of the kind that `types` says, or a text
 * without a line
 * @example
 * ```ts
 * import { readCsv } from "./csv.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const table = readCsv('island,mass\n"Dream, north",3800\nBiscoe,\n');
 * assertEquals(table.toLists(), { island: ["Dream, north", "Biscoe"], mass: [3800, null] });
 * ```
 */
export function readCsv(text: string, options: CsvOptions = {}): Table {
  const { file = "the CSV text", separator = ",", missing = MISSING, types = {} } = options;
  const [names, ...rows] = parse(text, separator, file);
  if (names === undefined) throw wrong(file, "it is empty, and its first line has to name the columns", file);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(file, `the column ${JSON.stringify(twice)} comes twice`, twice);
  const unknown = Object.keys(types).find((name) => !names.includes(name));
  if (unknown !== undefined) throw wrong(file, `there is no column ${JSON.stringify(unknown)}`, unknown);
  const isMissing = new Set(["", ...missing]);
  return new Table(
    new Map(names.map((name, column) => {
      const texts = rows.map((row) => isMissing.has(row[column]!.trim()) ? null : row[column]!);
      const type = Object.hasOwn(types, name) ? types[name] : undefined;
      return [name, makeColumn(name, cellsOf(name, texts, type, file), PREFERRED[type ?? "number"])];
    })),
  );
}

/** The kinds of columns by name, for people: `island: text`. */
export function describeColumns(table: Table): string[] {
  const kinds: Record<ColumnType, string> = {
    ...{ float64: "number", float32: "number", int32: "whole number", bool: "boolean", utf8: "text" },
  };
  return [...table.columns].map(([name, { type }]) => `${name}: ${kinds[type]}`);
}

function parse(text: string, separator: string, file: string): string[][] {
  let rows: string[][];
  try {
    rows = parseCsv(text.replace(/^\ufeff/, ""), { separator });
  } catch (cause) {
    throw wrong(file, messageOf(cause), file, cause);
  }
  const width = rows[0]?.length ?? 0;
  for (const [index, row] of rows.entries()) {
    if (row.length === width) continue;
    throw wrong(
      file,
      `row ${index + 1} has ${row.length} values, and the first line names ${width} columns`,
      file,
    );
  }
  return rows;
}

function cellsOf(
  name: string,
  texts: readonly (string | null)[],
  type: "number" | "text" | "boolean" | undefined,
  file: string,
): Cell[] {
  const kind = type ?? kindOf(texts);
  if (kind === "text") return [...texts];
  const [is, read, expected] = kind === "number"
    ? [isNumber, Number, "a number"] as const
    : [isBoolean, readBoolean, "true or false"] as const;
  return texts.map((text, row) => {
    if (text === null || is(text)) return text === null ? null : read(text);
    const problem = `row ${row + 2} of ${JSON.stringify(name)} is ${
      JSON.stringify(text)
    }, expected ${expected}`;
    throw wrong(file, problem, name);
  });
}

function kindOf(texts: readonly (string | null)[]): "number" | "text" | "boolean" {
  const are = (test: (text: string) => boolean): boolean =>
    texts.every((text) => text === null || test(text));
  if (are((text) => isNumber(text) && isExact(text))) return "number";
  return are(isBoolean) ? "boolean" : "text";
}

function isNumber(text: string): boolean {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) && Number.isFinite(Number(text));
}

/** Whole numbers of many digits are names of something: two of them must not become one. */
function isExact(text: string): boolean {
  return !/^\s*[+-]?\d+\s*$/.test(text) || Number.isSafeInteger(Number(text));
}

function isBoolean(text: string): boolean {
  return /^\s*(true|false)\s*$/i.test(text);
}

function readBoolean(text: string): boolean {
  return text.trim().toLowerCase() === "true";
}

function wrong(file: string, problem: string, name: string, cause?: unknown): KBertError<"input/invalid"> {
  const message = `Cannot read ${file}: ${problem}`;
  return new KBertError("input/invalid", message, { name }, { cause });
}
