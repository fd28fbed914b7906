/**
 * `plugin check`: everything that is wrong with a plugin, at once.
 *
 * @module
 */
import { checkPlugin, type TryStart } from "../author/check_plugin.ts";
import { type Finding, formatFinding } from "../author/finding.ts";
import { KBertError } from "../wall/errors.ts";
import { type Command, defineCommand } from "./command.ts";
import { type Style, styleOf } from "./style.ts";

/** The command; `tryStart` starts a plugin in a process, without rights. */
export function pluginCheckCommand(tryStart: TryStart): Command {
  return defineCommand({
    name: "plugin check",
    summary: "Checks manifest, types, imports, rights, topics and settings of a plugin",
    takes: "[PATH]",
    count: [0, 1],
    options: { json: { kind: "flag", help: "one object with a list of all findings" } },
    details: `PATH is the folder of a plugin, by default this one. Prints a line for each finding,
file:line:column level code sentence. A problem makes the plugin fail when it is loaded, or later when it tries what it
did not declare, and the command ends with 1. A warning is something declared that nothing uses. A note says what could
not be looked at.

The code is searched for what it emits, hears, fetches, reads and writes. That helps an author and proves nothing: what
a plugin of somebody else's may do, the wall decides when it runs.`,
    examples: [
      { line: "plugin check", does: "checks the plugin in this folder" },
      { line: "plugin check plugins/my_head --json", does: "prints one object for a program" },
    ],
    async run([folder = "."], { json }, { print, note, color }): Promise<void> {
      const { plugin, sha256, findings } = await checkPlugin(folder, tryStart);
      const problems = findings.filter(({ level }) => level === "problem").length;
      if (json) print(JSON.stringify({ ...plugin, sha256, problems, findings }));
      else for (const finding of findings) print(painted(finding, folder, styleOf(color)));
      const name = plugin === undefined ? `The plugin in ${folder}` : plugin.name;
      if (problems === 0) return note(`${name} ${plugin?.version} is in order${rest(findings)}`);
      const message = `${name} has ${problems === 1 ? "a problem" : `${problems} problems`}${rest(findings)}`;
      throw new KBertError("input/invalid", message, { name: folder, limit: 0, value: problems });
    },
  });
}

/** Only the level, so that a terminal still makes a link of the place. */
function painted(finding: Finding, folder: string, style: Style): string {
  const paint = { problem: style.red, warning: style.yellow, note: style.dim }[finding.level];
  return formatFinding(finding, folder).replace(` ${finding.level} `, ` ${paint(finding.level)} `);
}

function rest(findings: readonly Finding[]): string {
  const warnings = findings.filter(({ level }) => level === "warning").length;
  return warnings === 0 ? "" : `, with ${warnings === 1 ? "a warning" : `${warnings} warnings`}`;
}
