/**
 * TypeScript without its types. Deno's own parser is native and ends the process, not the call, when it runs
 * out of stack: a file of 5,000 parentheses is enough. So it gets nothing that was not measured.
 *
 * @module
 */
import { stripTypeScriptTypes } from "node:module";
import { parseJavaScript, parseTypeScript } from "../deps/acorn.ts";
import { messageOf } from "../wall/errors.ts";
import { printable } from "../wall/failure.ts";
import { parsed, partsOf } from "./imports.ts";
import { refused } from "./refusal.ts";

/** Deepest that code may be nested. */
export const MAX_NESTING = 250;

/**
 * The JavaScript of a file. `.js` is taken as it is: some of it means something else in TypeScript.
 *
 * @throws {KBertError} `plugin/image` if it is no code, or nested too deeply
 */
export function plainCode(text: string, file: string, plugin: string): string {
  const isPlain = file.endsWith(".js");
  for (const { depth } of partsOf(parsed(isPlain ? parseJavaScript : parseTypeScript, text, file, plugin))) {
    if (depth > MAX_NESTING) {
      throw refused(plugin, file, `${file} is nested deeper than ${MAX_NESTING} levels`);
    }
  }
  return isPlain ? text : stripTypes(text, file, plugin);
}

function stripTypes(text: string, file: string, plugin: string): string {
  try {
    return stripTypeScriptTypes(text, { mode: "strip" }); // keeps lines and columns
  } catch {
    // Enums and parameter properties are not only types: they have to be rewritten.
  }
  try {
    return stripTypeScriptTypes(text, { mode: "transform" });
  } catch (cause) {
    const message = messageOf(cause);
    const reason = printable(message.split("\n")[0]!.replace(/^SyntaxError: /, ""), 200);
    const line = /:(\d+):\d+$/.exec(message)?.[1] ?? "1";
    throw refused(plugin, file, `Cannot read ${file}:${line} as TypeScript: ${reason}`, { cause });
  }
}
