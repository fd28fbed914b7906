/**
 * Errors across the wall: made harmless where they are thrown, rebuilt where they are caught.
 *
 * A thrown value of a plugin may have a getter that throws, a message of 8 MB, escape codes for the
 * terminal and a `cause` that points to itself. Only bounded, printable texts get out of
 * {@linkcode toFailure}; it never throws.
 *
 * @module
 */
import type { Failure } from "./protocol.ts";

const MAX_TEXT = 4_000;
const MAX_NAME = 100;
const MAX_CAUSES = 4;

/**
 * A plugin's error, rebuilt in the host. `name`, `message` and `code` are what the plugin said, made
 * printable once more: that the other side did so is only what an honest one does.
 */
export class PluginError extends Error {
  /** The plugin's own code, if its error had one. */
  readonly code: string | undefined;
  /** Where it was thrown, as the plugin's side saw it. */
  readonly remoteStack: string | undefined;

  constructor(failure: Failure) {
    super(printable(failure.message), failure.cause && { cause: new PluginError(failure.cause) });
    this.name = printable(failure.name, MAX_NAME);
    this.code = failure.code === undefined ? undefined : printable(failure.code, MAX_NAME);
    this.remoteStack = failure.stack === undefined ? undefined : printable(failure.stack);
  }
}

/** Describes anything that was thrown. */
export function toFailure(thrown: unknown, depth = 0): Failure {
  const read = (key: string, most?: number): string | undefined => {
    try {
      const value = (thrown as Record<string, unknown>)[key];
      return typeof value === "string" ? printable(value, most) : undefined;
    } catch {
      return undefined;
    }
  };
  const isObject = typeof thrown === "object" && thrown !== null;
  if (!isObject) return { name: "Error", message: describe(thrown) };
  let cause: unknown;
  try {
    cause = (thrown as { cause?: unknown }).cause;
  } catch {
    cause = undefined;
  }
  return {
    name: read("name", MAX_NAME) ?? "Error",
    message: read("message") ?? "an error without a message",
    code: read("code", MAX_NAME),
    stack: read("stack"),
    cause: cause !== undefined && depth < MAX_CAUSES ? toFailure(cause, depth + 1) : undefined,
  };
}

/**
 * Text that can be shown on a terminal: control characters (line breaks aside) made visible, and of at most
 * `most` characters with that. What is printable stays as it is.
 */
export function printable(text: string, most: number = MAX_TEXT): string {
  const visible = text.slice(0, most).replace(
    // deno-lint-ignore no-control-regex -- they are what a hostile text is made of
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => character === "\t" ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (text.length <= most && visible.length <= most) return visible;
  const note = `… (${text.length} characters)`;
  return visible.slice(0, Math.max(0, most - note.length)) + note;
}

function describe(thrown: unknown): string {
  try {
    return printable(String(thrown));
  } catch {
    return "a value that cannot be printed";
  }
}
