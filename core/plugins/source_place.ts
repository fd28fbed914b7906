/**
 * Where in a plugin's source an error is, as far as it says so.
 *
 * Images keep lines and columns of their files, so what a stack of the plugin's worker says is true for the file
 * that a person edits.
 *
 * @module
 */
import { type Faults, KBertError } from "../wall/errors.ts";
import { PluginError } from "../wall/failure.ts";

/** Counted from 1. */
export interface SourcePlace {
  /** Within the plugin's folder. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** Causes that are looked at: an error may be its own. */
const MAX_CAUSES = 16;

/**
 * The place that an error or one of its causes is about.
 *
 * @example
 * ```ts
 * import { placeOf } from "./source_place.ts";
 * import { KBertError } from "../wall/errors.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const message = "Cannot load the plugin head: Cannot read main.ts:7 as TypeScript: Expected ';'";
 * const error = new KBertError("plugin/image", message, { plugin: "head", file: "main.ts" });
 * assertEquals(placeOf(error), { file: "main.ts", line: 7 });
 * assertEquals(placeOf(new Error("no idea")), undefined);
 * ```
 */
export function placeOf(thrown: unknown): SourcePlace | undefined {
  let error = thrown;
  for (let depth = 0; error instanceof Error && depth < MAX_CAUSES; depth++, error = error.cause) {
    const found = ownPlace(error);
    if (found) return found;
  }
  return undefined;
}

/**
 * The place as people write it: `main.ts:7:3`, as far as it is known; empty if nothing is.
 *
 * @example
 * ```ts
 * import { formatPlace } from "./source_place.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(formatPlace({ file: "main.ts", line: 7 }), "main.ts:7");
 * ```
 */
export function formatPlace(
  { file, line, column }: { readonly [Part in keyof SourcePlace]?: SourcePlace[Part] | undefined },
): string {
  return [file, line, column].filter((part) => part !== undefined).join(":");
}

function ownPlace(error: Error): SourcePlace | undefined {
  if (error instanceof PluginError) return placeInStack(error.remoteStack ?? "");
  if (!(error instanceof KBertError)) return undefined;
  if (error.code === "document/invalid") {
    const { file, problems: [first] } = error.detail as Faults["document/invalid"];
    if (!/\/plugin\.yaml$/.test(file)) return undefined; // the user's settings, which do not fit any more
    return { file: "plugin.yaml", ...(first && { line: first.line, column: first.column }) };
  }
  const { file } = error.detail as Faults["plugin/image"];
  return error.code === "plugin/image" && file !== undefined ? placeInText(file, error.message) : undefined;
}

/** The innermost frame of the plugin's own code. */
function placeInStack(stack: string): SourcePlace | undefined {
  const [, file, line, column] = /plugin:\/\/\/([^\s:()]{1,200}):(\d{1,9}):(\d{1,9})/.exec(stack) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}

/** `main.ts:7` or `main.ts:7:3` in a message about the file. */
function placeInText(file: string, message: string): SourcePlace {
  const at = message.indexOf(`${file}:`);
  const [, line, column] = /^:(\d{1,9})(?::(\d{1,9}))?/.exec(at < 0 ? "" : message.slice(at + file.length)) ??
    [];
  return { file, ...(line && { line: Number(line) }), ...(column && { column: Number(column) }) };
}
