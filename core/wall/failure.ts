/**
 * Errors across the wall: made harmless where they are thrown, rebuilt where they are caught.
 *
 * A thrown value of a plugin may have a getter that throws, a message of 8 MB, escape codes for the
 * terminal and a `cause` that points to itself. Only bounded, printable texts and plain data get out of
 * {@linkcode toFailure}; it never throws.
 *
 * @module
 */
import { plainProperties } from "./plain_data.ts";
import { printable } from "./printable.ts";
import type { Failure, FailureData } from "./protocol.ts";

export { printable } from "./printable.ts";

const MAX_NAME = 100;
/** Levels of causes and parts below an error. */
const MAX_DEPTH = 4;
/** Parts of one AggregateError. */
const MAX_PARTS = 16;
/** Failures of one error, all causes and parts together: with their texts they fit into a frame. */
const MAX_FAILURES = 32;

/** Properties that have a place of their own in a failure, or would be mistaken for a part of the error. */
const OWN = new Set(
  ["name", "message", "code", "stack", "cause", "errors", "remoteStack", "then", "toJSON"],
);

/**
 * A plugin's error, rebuilt in the host. All texts are what the plugin said, made printable once more: that
 * the other side did so is only what an honest one does.
 *
 * Whatever else the error carried is a property of this one too, unless every error has one of that name.
 *
 * @example
 * ```ts
 * import { PluginError, toFailure } from "./failure.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const thrown = Object.assign(new RangeError("too far"), { step: 7 });
 * const caught = new PluginError(toFailure(thrown));
 * assertEquals([caught.name, caught.message, Reflect.get(caught, "step")], ["RangeError", "too far", 7]);
 * ```
 */
export class PluginError extends Error {
  // A field, because a realm that is locked down lets nobody assign over what Error.prototype has.
  override readonly name: string;
  /** The plugin's own code, if its error had one. */
  declare readonly code?: string;
  /** Where it was thrown, as the plugin's side saw it; `stack` is the same, for where it was made here is no news. */
  declare readonly remoteStack?: string;
  /** Its parts, if it was an AggregateError. */
  declare readonly errors?: readonly PluginError[];

  constructor(failure: Failure) {
    super(printable(failure.message), failure.cause && { cause: new PluginError(failure.cause) });
    this.name = printable(failure.name, MAX_NAME);
    if (failure.code !== undefined) define(this, "code", printable(failure.code, MAX_NAME));
    const stack = failure.stack === undefined ? undefined : printable(failure.stack);
    if (stack !== undefined) hide(this, "remoteStack", stack);
    hide(this, "stack", stack ?? `${this.name}: ${this.message}`);
    if (failure.errors) {
      const errors = failure.errors.slice(0, MAX_PARTS).map((part) => new PluginError(part));
      define(this, "errors", errors);
    }
    for (const [key, value] of Object.entries(plainProperties(failure.properties ?? {}, OWN) ?? {})) {
      if (!(key in this)) define(this, key, value);
    }
  }
}

/** There, but not shown a second time when the error is printed. */
function hide(error: PluginError, key: string, value: string): void {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
}

/** Not by an assignment, which could run a setter of the prototype. */
function define(error: PluginError, key: string, value: FailureData | readonly PluginError[]): void {
  Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Describes anything that was thrown.
 *
 * @param stacks whether the other side may see where in the program it was
 * @example
 * ```ts
 * import { toFailure } from "./failure.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(toFailure("just a text"), { name: "Error", message: "just a text" });
 * ```
 */
export function toFailure(thrown: unknown, stacks = true): Failure {
  let left = MAX_FAILURES;
  return describe(thrown, 0);

  function describe(thrown: unknown, depth: number): Failure {
    left--;
    if (typeof thrown !== "object" || thrown === null) return { name: "Error", message: textOf(thrown) };
    const text = (key: string, most?: number): string | undefined => {
      const value = read(thrown, key);
      return typeof value === "string" ? printable(value, most) : undefined;
    };
    const deeper = (part: unknown): Failure | undefined =>
      part !== undefined && depth < MAX_DEPTH && left > 0 ? describe(part, depth + 1) : undefined;
    return {
      name: text("name", MAX_NAME) ?? "Error",
      message: text("message") ?? "an error without a message",
      code: text("code", MAX_NAME),
      stack: stacks ? text("stack") : undefined,
      cause: deeper(read(thrown, "cause")),
      errors: partsOf(thrown)?.map(deeper).filter((part) => part !== undefined),
      properties: plainProperties(thrown, OWN),
    };
  }
}

function partsOf(thrown: object): unknown[] | undefined {
  try {
    const errors = read(thrown, "errors");
    return Array.isArray(errors) ? Array.from(errors.slice(0, MAX_PARTS) as unknown[]) : undefined;
  } catch {
    return undefined; // a list that refuses to be looked at
  }
}

function read(thrown: object, key: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function textOf(thrown: unknown): string {
  try {
    return printable(String(thrown));
  } catch {
    return "a value that cannot be printed";
  }
}
