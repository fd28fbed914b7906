/**
 * `plugin install`: puts the npm packages that a plugin declares into its folder.
 *
 * @module
 */
import { installPackages } from "../plugins/install.ts";
import { codeSize } from "../security/image.ts";
import { type Command, defineCommand } from "./command.ts";

/** The command; it throws what {@linkcode installPackages} throws. */
export const pluginInstall: Command = defineCommand({
  name: "plugin install",
  summary: "Puts the npm packages that a plugin declares into its folder",
  takes: "FOLDER",
  count: [1, 1],
  options: { json: { kind: "flag", help: "one line of JSON" } },
  details:
    `Fetches the npm packages that a plugin declares in plugin.yaml ("npm:name@1.2.3") and imports, vets them,
and puts them below vendor/ in its folder. From then on they are a part of the plugin: its hash covers them, and
loading it fetches nothing. A package may use neither Node.js nor the network, files or the environment; one in
the old format of Node.js (CommonJS) has a default export only.`,
  examples: [{ line: "plugin install plugins/my_features", does: "installs what the code there imports" }],
  async run([folder], { json }, { print }): Promise<void> {
    const { image, imports, packages } = await installPackages(folder!);
    const { manifest: { name, version }, sha256 } = image;
    const bytes = codeSize(image);
    if (json) return print(JSON.stringify({ name, version, sha256, imports, packages, bytes }));
    if (imports.length === 0) return print(`${name} ${version} imports no npm packages`);
    print(`${name} ${version} has ${imports.join(", ")}; ${bytes} bytes of code in all, hash ${sha256}`);
    for (const [id, integrity] of Object.entries(packages)) print(`  ${id}  ${integrity}`);
  },
});
