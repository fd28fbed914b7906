/**
 * What a check of a plugin found: a sentence with a place, a level and a code.
 *
 * @module
 */
import { printable } from "../wall/printable.ts";

/** One thing that was found. */
export interface Finding {
  /** In the plugin's folder; for types, it may be one of the SDK's, as a URL. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** A problem makes the plugin fail, now or later; a warning is of no use; a note says what was not looked at. */
  readonly level: "problem" | "warning" | "note";
  /** For programs: `topics/undeclared`. */
  readonly code: FindingCode;
  readonly message: string;
}

/** Codes of findings; they are never renamed. */
export type FindingCode =
  | "manifest"
  | "types"
  | "vetting"
  | "entry"
  | "packages/unused"
  | "topics/undeclared"
  | "topics/unused"
  | "topics/computed"
  | "rights/undeclared"
  | "rights/unused"
  | "rights/computed"
  | "settings/differ"
  | "settings/skipped";

/**
 * By file, with the manifest first, and within it by place.
 *
 * @example
 * ```ts
 * import { inOrder } from "./finding.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const at = (file: string, line: number) =>
 *   ({ file, line, column: 1, level: "note", code: "types", message: "" }) as const;
 * const places = inOrder([at("a.ts", 2), at("plugin.yaml", 9), at("a.ts", 1)]).map(({ file, line }) => [file, line]);
 * assertEquals(places, [["plugin.yaml", 9], ["a.ts", 1], ["a.ts", 2]]);
 * ```
 */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ file }: Finding): string => file === "plugin.yaml" ? "" : file;
  return findings.toSorted((a, b) =>
    rank(a) === rank(b) ? a.line - b.line || a.column - b.column : rank(a) < rank(b) ? -1 : 1
  );
}

/**
 * `file:line:column level code sentence`, as editors and terminals make a link of it.
 *
 * @param folder what is before the file, empty for none
 * @example
 * ```ts
 * import { formatFinding } from "./finding.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const finding = { file: "main.ts", line: 2, column: 5, level: "problem", code: "types", message: "no" } as const;
 * assertEquals(formatFinding(finding, "my_head"), "my_head/main.ts:2:5 problem types no");
 * ```
 */
export function formatFinding({ file, line, column, level, code, message }: Finding, folder: string): string {
  const isUrl = /^[a-z]+:\/\//.test(file);
  const path = isUrl || folder === "" || folder === "." ? file : `${folder.replace(/\/+$/, "")}/${file}`;
  return `${path}:${line}:${column} ${level} ${code} ${printable(message).replaceAll("\n", " ")}`;
}
