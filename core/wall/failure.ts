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
const MAX_CAUSES = 4;

/** A plugin's error, rebuilt in the host. `name`, `message` and `code` are what the plugin said. */
export class PluginError extends Error {
  /** The plugin's own code, if its error had one. */
  readonly code: string | undefined;
  /** Where it was thrown, as the plugin's side saw it. */
  readonly remoteStack: string | undefined;

  constructor(failure: Failure) {
    super(failure.message, failure.cause && { cause: new PluginError(failure.cause) });
    this.name = failure.name;
    this.code = failure.code;
    this.remoteStack = failure.stack;
  }
}

/** Describes anything that was thrown. */
export function toFailure(thrown: unknown, depth = 0): Failure {
  const read = (key: string): string | undefined => {
    try {
      const value = (thrown as Record<string, unknown>)[key];
      return typeof value === "string" ? printable(value) : undefined;
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
    name: (read("name") ?? "Error").slice(0, 100),
    message: read("message") ?? "an error without a message",
    code: read("code")?.slice(0, 100),
    stack: read("stack"),
    cause: cause !== undefined && depth < MAX_CAUSES ? toFailure(cause, depth + 1) : undefined,
  };
}

/** Text that can be shown on a terminal: bounded, control characters (line breaks aside) made visible. */
export function printable(text: string, most: number = MAX_TEXT): string {
  const cut = text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
  return cut.replace(
    // deno-lint-ignore no-control-regex -- they are what a hostile text is made of
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => character === "\t" ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function describe(thrown: unknown): string {
  try {
    return printable(String(thrown));
  } catch {
    return "a value that cannot be printed";
  }
}
