/**
 * What `--help` prints: of the program, of a group of commands, and of a command. All of it is made of the table of
 * commands, so nothing can be said here that is not so.
 *
 * @module
 */
import type { Command, Option, Program } from "./command.ts";
import { type Style, styleOf } from "./style.ts";

/** Longest line. */
const WIDTH = 100;

/** Options that every command has. */
const COMMON: readonly (readonly [string, string])[] = [
  ["--help", "this text; also of a command, or of a group such as plugin"],
  ["--no-color", "no colours; without it they are where a terminal takes them"],
];

const EXIT_CODES =
  "Exit codes: 0 done, 1 it could not be done, 2 the command line was wrong, 130 stopped by Ctrl-C";

/** All commands, by group, with a line for each. */
export function programHelp(program: Program, color: boolean): string {
  const style = styleOf(color);
  const { name, version, summary, commands } = program;
  const groups = Map.groupBy(commands, groupOf);
  return paragraphs([
    `${style.bold(`${name} ${version}`)}: ${summary}`,
    `Usage: ${name} COMMAND [arguments] [options]`,
    ...[...groups].map(([group, ofGroup]) => {
      const title = group === "" ? "Commands" : `Commands of ${group}`;
      return `${style.bold(title)}\n${summaries(ofGroup, style)}`;
    }),
    `${style.bold("Options")}\n${table([...COMMON, ["--version", "which version this is"]], style)}`,
    `${name} COMMAND --help says more about a command.\n${EXIT_CODES}`,
  ]);
}

/** The commands whose names begin with a word. */
export function groupHelp(program: Program, group: string, color: boolean): string {
  const style = styleOf(color);
  const { name, commands } = program;
  return paragraphs([
    `Usage: ${name} ${group} COMMAND [arguments] [options]`,
    summaries(commands.filter((command) => groupOf(command) === group), style),
    `${name} ${group} COMMAND --help says more about a command.\n${EXIT_CODES}`,
  ]);
}

/** All about one command. */
export function commandHelp(program: Program, command: Command, color: boolean): string {
  const style = styleOf(color);
  const { summary, details, options, examples } = command;
  const rows = Object.entries(options).map(([name, option]) =>
    [[`--${name}`, valueOf(option)].join(" ").trim(), helpOf(option)] as const
  );
  const lines = examples.map(({ line, does }) => `  ${program.name} ${line}\n${indented(does, 6)}`);
  return paragraphs([
    `${style.bold(`${program.name} ${command.name}`)}: ${summary}`,
    `Usage: ${usageOf(program.name, command)}`,
    wrapped(details),
    `${style.bold("Options")}\n${table([...rows, ...COMMON], style)}`,
    lines.length === 0 ? "" : `${style.bold("Examples:")}\n${lines.join("\n")}`,
    EXIT_CODES,
  ]);
}

/**
 * The first word of a command of two; empty for a command that belongs to no group.
 *
 * @example
 * ```ts
 * import { groupOf } from "./help.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals([groupOf({ name: "plugin new" }), groupOf({ name: "predict" })], ["plugin", ""]);
 * ```
 */
export function groupOf({ name }: Pick<Command, "name">): string {
  return name.includes(" ") ? name.slice(0, name.indexOf(" ")) : "";
}

/**
 * What an option's value is called; empty if it has none.
 *
 * @example
 * ```ts
 * import { valueOf } from "./help.ts";
 * import { assertEquals } from "../deps/assert.ts";
 *
 * assertEquals(valueOf({ kind: "value", choices: ["cls", "mean"], help: "what is read" }), "cls|mean");
 * ```
 */
export function valueOf({ kind, value, choices }: Option): string {
  return kind === "flag" ? "" : value ?? choices?.join("|") ?? "VALUE";
}

function helpOf({ help, kind, value, choices }: Option): string {
  const among = choices !== undefined && value !== undefined ? `: ${choices.join(", ")}` : "";
  return `${help}${among}${kind === "values" ? "; more than once for several" : ""}`;
}

/** Required options are written out, the others are a word. */
function usageOf(program: string, { name, takes, options, passesOn }: Command): string {
  const required = Object.entries(options).filter(([, option]) => option.required);
  return [
    ...[program, name, takes],
    ...required.map(([option, declared]) => `--${option} ${valueOf(declared)}`),
    "[options]",
    passesOn === undefined ? "" : `[-- ${passesOn}]`,
  ].filter(Boolean).join(" ");
}

function summaries(commands: readonly Command[], style: Style): string {
  return table(
    commands.map(({ name, takes, summary }) => [`${name} ${takes}`.trim(), summary] as const),
    style,
  );
}

/** Two columns; what is too wide for the first has a line of its own. */
function table(rows: readonly (readonly [string, string])[], style: Style): string {
  const width = Math.min(30, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) => {
    const text = indented(right, width + 4);
    if (left.length > width) return `  ${style.cyan(left)}\n${text}`;
    return `  ${style.cyan(left)}${text.slice(left.length + 2)}`;
  }).join("\n");
}

function indented(text: string, by: number): string {
  return wrapped(text, WIDTH - by).split("\n").map((line) => " ".repeat(by) + line).join("\n");
}

/** Lines that fit; a line that begins with a blank is left as it is. */
function wrapped(text: string, width = WIDTH): string {
  return text.split("\n\n").map((paragraph) => {
    if (/^\s/.test(paragraph)) return paragraph;
    const lines: string[] = [];
    for (const word of paragraph.split(/\s+/)) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + word.length < width) lines.splice(-1, 1, `${last} ${word}`);
      else lines.push(word);
    }
    return lines.join("\n");
  }).join("\n\n");
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}
