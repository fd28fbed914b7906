/**
 * The completion of bash.
 *
 * bash takes `--type=head` for three words, and a name with a blank for one only if each line is read by itself.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { completedArguments, completedValue } from "./completion_words.ts";
import { groupOf } from "./help.ts";

/** @param variable the program's name as a part of a function's */
export function bashScript(program: string, variable: string, commands: readonly Command[]): string {
  const groups = new Set(commands.map(groupOf).filter(Boolean));
  const firstWords = [
    ...groups,
    ...commands.filter((command) => groupOf(command) === "").map(({ name }) => name),
  ];
  const longestFirst = commands.toSorted((a, b) => b.name.length - a.name.length);
  return `# bash completion for ${program}, made by: ${program} completion bash
_${variable}() {
  local IFS=$' \\t\\n'
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="" words="" files="" file
  if (( COMP_CWORD > 0 )); then prev="\${COMP_WORDS[COMP_CWORD-1]}"; fi
  if [[ "$cur" == "=" ]]; then
    cur=""
  elif [[ "$prev" == "=" ]] && (( COMP_CWORD > 1 )); then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  case "\${COMP_WORDS[*]:1:COMP_CWORD-1} " in
${longestFirst.map(caseOf).join("\n")}
${[...groups].map((group) => groupCase(group, commands)).join("\n")}
    " ") words="${firstWords.join(" ")} --help --version --no-color" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ -n "$files" ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$cur")
  fi
}
complete -F _${variable} ${program}`;
}

function caseOf(command: Command): string {
  const { name, options } = command;
  const values = Object.entries(options).filter(([, { kind }]) => kind !== "flag")
    .map(([option, declared]) => `        --${option}) ${assignments(completedValue(declared))} ;;`);
  const names = [...Object.keys(options), "help", "no-color"].map((option) => `--${option}`);
  return `    "${name} "*)
      case "$prev" in
${values.map((line) => `${line}\n`).join("")}        *)
          if [[ "$cur" == -* ]]; then words="${names.join(" ")}"
          else ${assignments(completedArguments(command))}
          fi ;;
      esac ;;`;
}

function groupCase(group: string, commands: readonly Command[]): string {
  const words = commands.filter((command) => groupOf(command) === group)
    .map(({ name }) => name.slice(group.length + 1));
  return `    "${group} ") words="${words.join(" ")} --help" ;;`;
}

function assignments(
  { words, files }: { readonly words: readonly string[]; readonly files: boolean },
): string {
  return `words="${words.join(" ")}" files="${files ? "yes" : ""}"`;
}
