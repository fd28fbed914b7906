/**
 * The completion of zsh, with a line of explanation for everything.
 *
 * @module
 */
import type { Command, Option } from "./command.ts";
import { type Completed, completedArguments, completedValue } from "./completion_words.ts";
import { groupOf, valueOf } from "./help.ts";

/** @param variable the program's name as a part of a function's */
export function zshScript(program: string, variable: string, commands: readonly Command[]): string {
  const groups = [...new Set(commands.map(groupOf).filter(Boolean))];
  const alone = commands.filter((command) => groupOf(command) === "");
  const first = [
    ...groups.map((group) => quoted(`${group}:commands of ${group}`)),
    ...alone.map(({ name, summary }) => quoted(`${name}:${summary}`)),
  ];
  const longestFirst = commands.toSorted((a, b) => b.name.length - a.name.length);
  return `#compdef ${program}
# zsh completion for ${program}, made by: ${program} completion zsh
_${variable}() {
  local -a commands
  case "\${(j: :)words[2,CURRENT-1]} " in
${longestFirst.map(caseOf).join("\n")}
${groups.map((group) => groupCase(group, commands)).join("\n")}
    " ")
      commands=(${first.join(" ")})
      _describe command commands ;;
  esac
}
if [[ "$funcstack[1]" == "_${program}" ]]; then _${variable} "$@"; else compdef _${variable} ${program}; fi`;
}

/** The words of the command are taken away, so that what is left is like a program of its own. */
function caseOf(command: Command): string {
  const count = command.name.split(" ").length;
  const specs = [
    ...Object.entries(command.options).map(([name, option]) => optionSpec(name, option)),
    quoted("--help[all about this command]"),
    quoted("--no-color[no colours]"),
    quoted(`*:${command.takes.replaceAll(":", " ") || "nothing"}:${action(completedArguments(command))}`),
  ];
  return `    "${command.name} "*)
      shift ${count} words
      (( CURRENT -= ${count} ))
      _arguments -S ${specs.join(" ")} ;;`;
}

function groupCase(group: string, commands: readonly Command[]): string {
  const items = commands.filter((command) => groupOf(command) === group)
    .map(({ name, summary }) => quoted(`${name.slice(group.length + 1)}:${summary}`));
  return `    "${group} ")
      commands=(${items.join(" ")})
      _describe command commands ;;`;
}

function optionSpec(name: string, option: Option): string {
  const text = option.help.replace(/[[\]\\]/g, "\\$&");
  if (option.kind === "flag") return quoted(`--${name}[${text}]`);
  const value = valueOf(option).replaceAll(":", " ");
  const many = option.kind === "values" ? "*" : "";
  return quoted(`${many}--${name}=[${text}]:${value}:${action(completedValue(option))}`);
}

function action({ words, files }: Completed): string {
  if (words.length > 0) return `(${words.join(" ")})`;
  return files ? "_files" : " ";
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
