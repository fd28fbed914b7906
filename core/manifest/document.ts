/**
 * Reads a YAML document into a checked value, or says everything that is wrong with it at once.
 *
 * YAML is taken in its core schema: dates stay texts, and merge keys (`<<`) are keys like any other.
 * Size is bounded before the parser sees a character, depth and the number of values after it, because
 * aliases make a short text a huge value.
 *
 * @module
 */

import { parse } from "../deps/yaml.ts";
import type { z } from "../deps/zod.ts";
import type { DocumentProblem, KBertError } from "../wall/errors.ts";
import { type KeyPath, Positions } from "./positions.ts";
import { describe, documentError, dotted, printable } from "./problems.ts";
import { validate } from "./validate.ts";

/** What a document may be at most; each stops a text that was made to exhaust the host. */
export const DOCUMENT_LIMITS = {
  /** UTF-16 units of text. */
  characters: 256 * 1024,
  /** Mappings and lists in each other; the parser itself recurses. */
  depth: 32,
  /** Keys and items, each alias counted as what it stands for. */
  values: 10_000,
} as const;

/**
 * The document as its schema makes it, with defaults.
 *
 * @param file name of the file, for messages only
 * @throws {KBertError} `document/invalid` with all problems, sorted by place
 * @example Every problem has a line, a column, a key and a way out
 * ```ts
 * import { parseDocument } from "./document.ts";
 * import { z } from "../deps/zod.ts";
 * import { assertEquals, assertThrows } from "../deps/assert.ts";
 *
 * const schema = z.strictObject({ training: z.strictObject({ learningRate: z.number().default(1e-3) }) });
 * assertEquals(parseDocument("training: {}", "k-bert.yaml", schema).training.learningRate, 1e-3);
 *
 * const slip = "training:\n  learning_rat: 0.1\n";
 * const message = "k-bert.yaml:2:3: training.learning_rat: unknown setting, did you mean learningRate?";
 * assertThrows(() => parseDocument(slip, "k-bert.yaml", schema), Error, message);
 * ```
 */
export function parseDocument<T>(text: string, file: string, schema: z.ZodType<T>): T {
  if (text.length > DOCUMENT_LIMITS.characters) {
    throw whole(file, `found ${text.length} characters, expected at most ${DOCUMENT_LIMITS.characters}`);
  }
  const value = parseYaml(text, file);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw whole(file, `found ${describe(value)}, expected a mapping of settings`);
  }
  const positions = new Positions(text);
  const problems = [...tabProblems(positions), ...structureProblems(value, positions)];
  if (problems.length > 0) throw documentError(file, problems);
  return validate(value, schema, { file, placeOf: (path) => positions.of(path) });
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text, { schema: "core" });
  } catch (error) {
    if (error instanceof RangeError) throw whole(file, TOO_DEEP); // the parser's stack was exhausted
    if (error instanceof SyntaxError) throw documentError(file, [syntaxProblem(error.message, text)]);
    throw error;
  }
}

/** "Cannot …: reason at line 2, column 1:" and a picture of the line. */
function syntaxProblem(message: string, text: string): DocumentProblem {
  const [, reason = message, line = "1", column = "1"] = /^(.*) at line (\d+), column (\d+)/s.exec(message) ??
    [];
  const place = { line: Number(line), column: Number(column) };
  if (reason.includes("duplicated key")) {
    return { ...place, path: "", message: "found a key for the second time, expected each key once" };
  }
  const lines = text.split(/\r\n|\r|\n/);
  const found = lines[place.line - 1]?.slice(place.column - 1).trim() ?? "";
  const what = found === "" ? "the end of the line" : describe(found);
  const why = printable(reason.charAt(0).toLowerCase() + reason.slice(1));
  return { ...place, path: "", message: `found ${what}, expected YAML: ${why}` };
}

function tabProblems({ tabs }: Positions): DocumentProblem[] {
  return tabs.map((place) => ({
    ...place,
    path: "",
    message: "found a tab as indentation, expected spaces",
  }));
}

/** Limits and forbidden keys. The first limit ends the search, also in an alias that contains itself. */
function structureProblems(top: object, positions: Positions): DocumentProblem[] {
  const problems: DocumentProblem[] = [];
  let values = 0;
  const report = (path: KeyPath, message: string): void =>
    void problems.push({ ...positions.of(path), path: dotted(path), message });
  /** Whether the search goes on. */
  const visit = (value: unknown, path: KeyPath): boolean => {
    if (typeof value !== "object" || value === null) return true;
    if (path.length >= DOCUMENT_LIMITS.depth) return report(path.slice(0, 1), TOO_DEEP), false;
    return Object.entries(value).every(([key, child]) => {
      if (++values > DOCUMENT_LIMITS.values) return report(path.slice(0, 1), TOO_MANY), false;
      if (key === "__proto__") {
        report([...path, key], "found a key that is no setting, expected another name");
      }
      return visit(child, [...path, key]);
    });
  };
  visit(top, []);
  return problems;
}

const TOO_DEEP = `found more than ${DOCUMENT_LIMITS.depth} levels of mappings and lists, expected fewer`;
const TOO_MANY = `found more than ${DOCUMENT_LIMITS.values} keys and items, expected fewer`;

/** A problem of the document as a whole. */
function whole(file: string, message: string): KBertError<"document/invalid"> {
  return documentError(file, [{ line: 1, column: 1, path: "", message }]);
}
