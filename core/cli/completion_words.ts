/**
 * What can stand in one place of a command line, for the scripts of all shells.
 *
 * @module
 */
import type { Command, Option } from "./command.ts";
import { valueOf } from "./help.ts";

/** What a shell can complete in one place. */
export interface Completed {
  readonly words: readonly string[];
  /** Whether files and folders are possible, too. */
  readonly files: boolean;
}

/**
 * What an option's value is completed with.
 *
 * @example
 * ```ts
 * import { completedValue } from "./completion_words.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const dir = { kind: "value", value: "DIR", help: "where" } as const;
 * assertEquals(completedValue(dir), { words: [], files: true });
 * ```
 */
export function completedValue(option: Option): Completed {
  return { words: option.choices ?? [], files: option.choices === undefined && isPath(valueOf(option)) };
}

/**
 * What a command's arguments are completed with: `bash|zsh|fish` are words, `[PATH]` is a file.
 *
 * @example
 * ```ts
 * import { completedArguments } from "./completion_words.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(completedArguments({ takes: "on|off" }), { words: ["on", "off"], files: false });
 * assertEquals(completedArguments({ takes: "FOLDER|NAME" }), { words: [], files: true });
 * ```
 */
export function completedArguments({ takes }: Pick<Command, "takes">): Completed {
  const words = /^[a-z]+(?:\|[a-z]+)+$/.test(takes) ? takes.split("|") : [];
  return { words, files: isPath(takes) };
}

function isPath(placeholder: string): boolean {
  return /FILE|FOLDER|DIR|PATH|SOURCE|runs\//.test(placeholder);
}
