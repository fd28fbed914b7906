/**
 * The completion of fish, with a line of explanation for everything.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { completedArguments, completedValue } from "./completion_words.ts";
import { groupOf } from "./help.ts";

/** @param variable the program's name as a part of a function's */
export function fishScript(program: string, variable: string, commands: readonly Command[]): string {
  const line = (condition: string, rest: string): string =>
    `complete -c ${program} -n '__${variable}_${condition}' ${rest}`;
  const groups = [...new Set(commands.map(groupOf).filter(Boolean))];
  return [
    `# fish completion for ${program}, made by: ${program} completion fish`,
    FUNCTIONS.replaceAll("NAME", variable),
    `complete -c ${program} -f`,
    ...groups.map((group) => line("at", `-a ${group} -d ${quoted(`commands of ${group}`)}`)),
    line("at", "-l version -d 'which version this is'"),
    ...commands.flatMap((command) => linesOf(command, line)),
    `complete -c ${program} -l help -d 'says what there is'`,
    `complete -c ${program} -l no-color -d 'no colours'`,
  ].join("\n");
}

function linesOf(command: Command, line: (condition: string, rest: string) => string): string[] {
  const { name, summary, options } = command;
  const word = name.split(" ").at(-1)!;
  const { words, files } = completedArguments(command);
  const inside = `is ${name}`;
  return [
    line(`at ${groupOf(command)}`.trim(), `-a ${word} -d ${quoted(summary)}`),
    ...(words.length > 0 ? [line(inside, `-a ${quoted(words.join(" "))}`)] : []),
    ...(files ? [line(inside, "-F")] : []),
    ...Object.entries(options).map(([option, declared]) => {
      const value = completedValue(declared);
      const kind = declared.kind === "flag"
        ? ""
        : value.words.length > 0
        ? ` -x -a ${quoted(value.words.join(" "))}`
        : value.files
        ? " -r -F"
        : " -x";
      return line(inside, `-l ${option}${kind} -d ${quoted(declared.help)}`);
    }),
  ];
}

/** Whether the line begins with these words, and whether it is nothing else until now. */
const FUNCTIONS = `function __NAME_is
  set -l tokens (commandline -opc)
  test (count $argv) -eq 0; and return 0
  test (count $tokens) -gt (count $argv); or return 1
  set -l last (math (count $argv) + 1)
  test "$tokens[2..$last]" = "$argv"
end
function __NAME_at
  test (count (commandline -opc)) -eq (math (count $argv) + 1); and __NAME_is $argv
end`;

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
