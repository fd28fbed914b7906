/**
 * `plugin install`: what authors and users do with a plugin's folder.
 *
 * @module
 */
import { installPackages } from "../plugins/install.ts";
import { parseOptions, usage } from "./options.ts";

const HELP = `Usage: plugin install FOLDER [--json]

Fetches the npm packages that a plugin declares in plugin.yaml ("npm:name@1.2.3") and imports, vets them, and
puts them below vendor/ in its folder. From then on they are a part of the plugin: its hash covers them, and
loading it fetches nothing. A package may use neither Node.js nor the network, files or the environment; one in
the old format of Node.js (CommonJS) has a default export only.

  --json   one line of JSON
  --help   this text

Example:
  deno task plugin install plugins/my_features

Exit codes: 0 done, 1 it could not be done, 2 the command line was wrong`;

const OPTIONS = { json: "flag", help: "flag" } as const;

/**
 * The command.
 *
 * @param args the command line after `plugin`
 * @param print writes one line
 * @throws {KBertError} `usage/invalid`, and what {@linkcode installPackages} throws
 */
export async function pluginCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { options, rest: [command, folder, more] } = parseOptions(args, OPTIONS);
  if (options.help) return print(HELP);
  if (command !== "install") {
    const problem = command === undefined
      ? "plugin needs a command"
      : `There is no command plugin ${command}`;
    throw usage(command ?? "plugin", `${problem}; there is install, see plugin --help`);
  }
  if (folder === undefined) throw usage("install", "plugin install needs the FOLDER of a plugin");
  if (more !== undefined) throw usage(more, "plugin install takes one FOLDER");
  const { image: { manifest, modules, sha256 }, imports, packages } = await installPackages(folder);
  const { name, version } = manifest;
  const bytes = [...modules.values()].reduce((sum, code) => sum + code.length, 0);
  if (options.json) return print(JSON.stringify({ name, version, sha256, imports, packages, bytes }));
  if (imports.length === 0) return print(`${name} ${version} imports no npm packages`);
  print(`${name} ${version} has ${imports.join(", ")}; ${bytes} bytes of code in all, hash ${sha256}`);
  for (const [id, integrity] of Object.entries(packages)) print(`  ${id}  ${integrity}`);
}
