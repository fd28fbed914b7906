/**
 * `completion bash|zsh|fish`: a script for the shell that completes commands, options, what options may be, and files.
 *
 * The script has all of it in itself, made of the table of commands. Asking the program each time would mean to start
 * Deno for every press of the tab key.
 *
 * @module
 */
import { bashScript } from "./completion_bash.ts";
import { fishScript } from "./completion_fish.ts";
import { zshScript } from "./completion_zsh.ts";
import { type Command, defineCommand } from "./command.ts";
import { usage } from "./options.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/**
 * The command.
 *
 * @param commands of the program, with this one; asked for when it runs
 */
export function completionCommand(program: string, commands: () => readonly Command[]): Command {
  const variable = program.replace(/\W/g, "_");
  return defineCommand({
    name: "completion",
    summary: "Prints a script that lets a shell complete commands, options and files",
    takes: Object.keys(SCRIPTS).join("|"),
    count: [1, 1],
    options: {},
    details: `It completes for the name ${program}, so make that a command of your shell first:
deno install --global with the rights that you want it to have, or an alias.`,
    examples: [
      { line: `completion bash >> ~/.bashrc`, does: "completes in bash from the next shell on" },
      { line: `completion zsh > ~/.zfunc/_${program}`, does: "for zsh, if ~/.zfunc is in its fpath" },
      {
        line: `completion fish > ~/.config/fish/completions/${program}.fish`,
        does: "for fish",
      },
    ],
    async run([shell], _options, { print }): Promise<void> {
      const script = Object.hasOwn(SCRIPTS, shell!) ? SCRIPTS[shell as keyof typeof SCRIPTS] : undefined;
      const known = Object.keys(SCRIPTS).join(", ");
      if (script === undefined) {
        throw usage(shell!, `There is no completion for ${shell}; there is one for ${known}`);
      }
      await print(script(program, variable, commands()));
    },
  });
}
