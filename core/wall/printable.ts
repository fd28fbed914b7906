/**
 * Text of the other side that can be shown on a terminal.
 *
 * @module
 */

const MAX_TEXT = 4_000;

/**
 * Control characters (line breaks aside) made visible, halves of characters replaced, and of at most `most`
 * characters with that. What is printable stays as it is.
 *
 * @example
 * ```ts
 * import { printable } from "./printable.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(printable("red\u001b[31m"), "red\\u001b[31m");
 * ```
 */
export function printable(text: string, most: number = MAX_TEXT): string {
  const visible = text.slice(0, most).toWellFormed().replace(
    // deno-lint-ignore no-control-regex -- they are what a hostile text is made of
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => character === "\t" ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (text.length <= most && visible.length <= most) return visible;
  const note = `… (${text.length} characters)`;
  // Well-formed once more: the cut may go through a character.
  return (visible.slice(0, Math.max(0, most - note.length)).toWellFormed() + note).slice(0, most);
}
