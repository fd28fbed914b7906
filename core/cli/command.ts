/**
 * What a command of the program is: a row of a table, from which its help, its completion and the check of its
 * command line are made. A command never looks at `Deno.args`, the terminal or the environment; what it needs of
 * them it is handed.
 *
 * @module
 */
import type { AskUser } from "../security/ask.ts";
import { parseOptions, usage } from "./options.ts";
import type { ProgramOutcome } from "./script.ts";

/** An option, as help shows it. */
export interface Option {
  /** Whether it has a value, or may have several because it can be given more than once. */
  readonly kind: "flag" | "value" | "values";
  /** What it does, in a line. */
  readonly help: string;
  /** What its value is called in help, such as `DIR`. @default {"VALUE"} */
  readonly value?: string;
  /** All that its value may be, for help, completion and the check. */
  readonly choices?: readonly string[];
  /** Whether the command cannot do without it. @default {false} */
  readonly required?: true;
}

/** Options by name, without the dashes. */
export type Options = Readonly<Record<string, Option>>;

/** What was given of them. */
export type Given<Declared extends Options> =
  & { readonly [Name in keyof Declared]?: ValueOf<Declared[Name]> }
  & {
    readonly [Name in keyof Declared as Declared[Name] extends { required: true } ? Name : never]: ValueOf<
      Declared[Name]
    >;
  };

type ValueOf<Declared extends Option> = Declared["kind"] extends "flag" ? true
  : Declared["kind"] extends "value" ? string
  : readonly string[];

/** The world of a command. */
export interface CommandIo {
  /** Writes a line of the result to standard output. */
  print(line: string): void;
  /** Writes a line for people to standard error: progress, advice, warnings. */
  note(line: string): void;
  /** Puts a question; undefined if nobody sits at a terminal. */
  readonly ask: AskUser | undefined;
  /** Whether standard output takes colours. */
  readonly color: boolean;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Texts that are piped in. */
  readonly input: ReadableStream<Uint8Array>;
}

/** A command, ready to be run. */
export interface Command {
  /** Words after the program's name: `plugin add`. */
  readonly name: string;
  /** What it does, in a line without a full stop. */
  readonly summary: string;
  /** Its arguments, such as `SOURCE`, `[PATH]` or `bash|zsh|fish`; empty if it has none. */
  readonly takes: string;
  /** What comes after `--` and goes on to another program, such as `DENO TEST ARGUMENTS`. @default {nothing} */
  readonly passesOn?: string;
  /** Every option but `--help`, which all commands have. */
  readonly options: Options;
  /** Paragraphs for its help. */
  readonly details: string;
  /** Command lines that work, without the program's name, and what they do. */
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** @param args what follows the command's name */
  run(args: readonly string[], io: CommandIo): Promise<ProgramOutcome>;
}

/** A program of many commands. */
export interface Program {
  /** As people type it. */
  readonly name: string;
  readonly version: string;
  /** What it is, after its name. */
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** How a command is written. */
export interface CommandDefinition<Declared extends Options>
  extends Omit<Command, "run" | "details" | "options"> {
  readonly options: Declared;
  readonly details?: string;
  /** Least and most arguments. */
  readonly count: readonly [least: number, most: number];
  /** @param passed what came after `--`, if it `passesOn` that */
  run(
    args: readonly string[],
    options: Given<Declared>,
    io: CommandIo,
    passed: readonly string[],
  ): Promise<ProgramOutcome | void>;
}

/**
 * Makes a command of its definition: options are parsed, and checked as the number of arguments is.
 *
 * @example
 * ```ts
 * import { defineCommand } from "./command.ts";
 * import { assertRejects } from "../deps/assert.ts";
 *
 * const greet = defineCommand({
 *   name: "greet",
 *   summary: "Says hello",
 *   takes: "NAME",
 *   count: [1, 1],
 *   options: { loud: { kind: "flag", help: "in capitals" } },
 *   examples: [{ line: "greet Ada --loud", does: "says HELLO ADA" }],
 *   run: ([name], { loud }, io) => Promise.resolve(io.print(loud ? `HELLO ${name}` : `Hello ${name}`)),
 * });
 * const io = { print() {}, note() {}, ask: undefined, color: false, signal: new AbortController().signal };
 * await assertRejects(() => greet.run([], { ...io, input: new ReadableStream() }), Error, "greet needs NAME");
 * ```
 */
export function defineCommand<const Declared extends Options>(
  definition: CommandDefinition<Declared>,
): Command {
  const { name, takes, count: [least, most], options: declared, details = "", passesOn } = definition;
  const kinds = Object.fromEntries(Object.entries(declared).map(([option, { kind }]) => [option, kind]));
  return {
    ...definition,
    details,
    async run(args, io): Promise<ProgramOutcome> {
      const end = passesOn === undefined || !args.includes("--") ? args.length : args.indexOf("--");
      const { options, rest } = parseOptions(args.slice(0, end), kinds);
      if (rest.length < least) throw usage(name, `${name} needs ${takes}, see ${name} --help`);
      if (rest.length > most) {
        const all = most === 0 ? "no arguments" : `only ${takes}`;
        throw usage(rest[most]!, `${name} takes ${all}, and ${rest[most]} is more; see ${name} --help`);
      }
      for (const [option, declaration] of Object.entries(declared)) {
        requireGiven(name, option, declaration, options[option]);
        requireChoice(option, declaration, options[option]);
      }
      const passed = args.slice(end + 1);
      return await definition.run(rest, options as Given<Declared>, io, passed) ?? "done";
    },
  };
}

function requireGiven(
  command: string,
  name: string,
  { required, choices, value = choices?.join("|") ?? "VALUE" }: Option,
  given: unknown,
): void {
  if (!required || given !== undefined && given !== "") return; // `--model=` forgot it too
  throw usage(`--${name}`, `${command} needs --${name} ${value}, see ${command} --help`);
}

function requireChoice(name: string, { choices }: Option, given: unknown): void {
  if (choices === undefined || given === undefined) return;
  for (const value of [given].flat()) {
    if (choices.includes(String(value))) continue;
    throw usage(`--${name}`, `--${name} is one of ${choices.join(", ")}, and ${value} is none of them`);
  }
}
