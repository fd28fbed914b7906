/**
 * A program of many commands: finds the one that a command line means, answers `--help` and `--version`, and says the
 * nearest word for one that is mistyped.
 *
 * A command is found by its words before anything else is looked at, so options come after it, and `--help` anywhere
 * after it is about it.
 *
 * @module
 */
import { suggest } from "../manifest/suggest.ts";
import { printable } from "../wall/printable.ts";
import type { Command, CommandIo, Program } from "./command.ts";
import { commandHelp, groupHelp, groupOf, programHelp } from "./help.ts";
import { usage } from "./options.ts";
import type { ProgramOutcome } from "./script.ts";

/** Options of the program itself, which are taken out before a command sees its own. */
const NO_COLOR = "--no-color";

/**
 * Runs a command line.
 *
 * @param args what follows the program's name
 * @throws {KBertError} `usage/invalid` for a command that is none, and what the command throws
 * @example
 * ```ts
 * import { runCommandLine } from "./program.ts";
 * import { defineCommand } from "./command.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * const hello = defineCommand({
 *   ...{ name: "say hello", summary: "Greets", takes: "[NAME]", count: [0, 1], options: {}, examples: [] },
 *   run: ([name = "world"], _options, io) => Promise.resolve(io.print(`hello ${name}`)),
 * });
 * const program = { name: "greeter", version: "1.0.0", summary: "greets", commands: [hello] };
 * const lines: string[] = [];
 * const io = {
 *   ...{ print: (line: string) => void lines.push(line), note() {}, ask: undefined, color: false },
 *   ...{ signal: new AbortController().signal, input: new ReadableStream() },
 * };
 * await runCommandLine(program, ["say", "hello", "Ada"], io);
 * await runCommandLine(program, ["--version"], io);
 * assertEquals(lines, ["hello Ada", "greeter 1.0.0"]);
 * ```
 */
export async function runCommandLine(
  program: Program,
  args: readonly string[],
  io: CommandIo,
): Promise<ProgramOutcome> {
  const given = withoutNoColor(args);
  const firstOption = given.findIndex((argument) => argument.startsWith("-"));
  const words = firstOption < 0 ? given : given.slice(0, firstOption);
  const command = commandOf(program, words);
  const wantsHelp = beforeDashes(given).some((argument) => argument === "--help" || argument === "-h");
  if (command !== undefined && !wantsHelp) {
    return await command.run(given.slice(command.name.split(" ").length), io);
  }
  if (command !== undefined) io.print(commandHelp(program, command, io.color));
  else if (words.length === 1 && isGroup(program, words[0]!) && wantsHelp) {
    io.print(groupHelp(program, words[0]!, io.color));
  } else if (words.length > 0) throw unknownCommand(program, words);
  else if (given[0] === "--version") io.print(`${program.name} ${program.version}`);
  else if (given.length > 0 && !wantsHelp) throw unknownOption(program, given[0]!);
  else io.print(programHelp(program, io.color));
  return "done";
}

/**
 * Whether a command line says that it wants no colours.
 *
 * @example
 * ```ts
 * import { wantsNoColor } from "./program.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(wantsNoColor(["plugin", "list", "--no-color"]), true);
 * assertEquals(wantsNoColor(["predict", "--", "--no-color"]), false);
 * ```
 */
export function wantsNoColor(args: readonly string[]): boolean {
  return beforeDashes(args).includes(NO_COLOR);
}

function withoutNoColor(args: readonly string[]): readonly string[] {
  const before = beforeDashes(args);
  return [...before.filter((argument) => argument !== NO_COLOR), ...args.slice(before.length)];
}

/** What comes after `--` is nobody's option. */
function beforeDashes(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

/** Of several that fit, the one of most words. */
function commandOf({ commands }: Program, words: readonly string[]): Command | undefined {
  const fitting = commands.filter(({ name }) =>
    name.split(" ").every((word, index) => word === words[index])
  );
  return fitting.toSorted((a, b) => b.name.length - a.name.length)[0];
}

function isGroup({ commands }: Program, word: string): boolean {
  return commands.some((command) => groupOf(command) === word);
}

function unknownCommand(program: Program, words: readonly string[]): Error {
  const [first = "", second] = words;
  if (!isGroup(program, first)) return unknownFirst(program, first);
  const known = program.commands.filter((command) => groupOf(command) === first)
    .map(({ name }) => name.slice(first.length + 1));
  const help = `see ${program.name} ${first} --help`;
  if (second === undefined) {
    return usage(first, `${first} needs a command; there is ${listed(known)}, ${help}`);
  }
  const typed = printable(`${first} ${second}`, 100);
  const nearest = suggest(second, known);
  const advice = nearest === undefined
    ? `there is ${listed(known)}, ${help}`
    : `did you mean ${first} ${nearest}?`;
  return usage(second, `There is no command ${typed}; ${advice}`);
}

/** Also whoever forgot the group's name is understood: `new` for `plugin new`. */
function unknownFirst(program: Program, word: string): Error {
  const names = program.commands.map(({ name }) => name);
  const groups = new Set(program.commands.map((command) => groupOf(command) || command.name));
  const nearest = names.find((name) => name.endsWith(` ${word}`)) ?? suggest(word, [...groups, ...names]);
  const advice = nearest === undefined
    ? `there is ${listed([...groups])}, see ${program.name} --help`
    : `did you mean ${nearest}?`;
  return usage(word, `There is no command ${printable(word, 100)}; ${advice}`);
}

function unknownOption(program: Program, argument: string): Error {
  const nearest = suggest(argument.replace(/^-+/, ""), ["help", "version", "no-color"]);
  const advice = nearest === undefined ? `see ${program.name} --help` : `did you mean --${nearest}?`;
  return usage(argument, `${printable(argument, 100)} is no command, and no option without one; ${advice}`);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
