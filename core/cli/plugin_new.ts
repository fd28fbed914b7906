/**
 * `plugin new`: the folder of a plugin that works.
 *
 * @module
 */
import { newPlugin, PORT_NAMES } from "../author/new_plugin.ts";
import type { PortName } from "../manifest/families.ts";
import { type Command, defineCommand } from "./command.ts";

/** The command; it throws what {@linkcode newPlugin} throws. */
export const pluginNew: Command = defineCommand({
  name: "plugin new",
  summary: "Makes the folder of a plugin that works, with its test",
  takes: "NAME",
  count: [1, 1],
  options: {
    type: {
      ...{ kind: "value", required: true, choices: PORT_NAMES },
      help: "its kind; plugin is one of no particular kind",
    },
    dir: { kind: "value", value: "DIR", help: "the folder to make, empty or not there; by default ./NAME" },
    json: { kind: "flag", help: "one line of JSON: its names, folder and files" },
  },
  details:
    `Makes plugin.yaml, the source, a test, a README and a deno.json for editors. Untouched, it passes plugin test
and plugin check, loads, and does something: a head trains, an augmenter changes texts. Change it from there.

NAME is what others call the plugin: small letters, digits, _ and -, with a letter first. The file and the class are
called after it: my-head is the class MyHead in my_head.ts.`,
  examples: [
    { line: "plugin new my_head --type head", does: "makes the folder my_head" },
    { line: "plugin new lags --type feature --dir plugins/lags", does: "makes it in another place" },
  ],
  async run([name], { type, dir, json }, { print, note }): Promise<void> {
    const made = await newPlugin({ name: name!, port: type as PortName, folder: dir });
    const { folder, files } = made;
    if (json) return print(JSON.stringify(made));
    for (const file of files) print(`${folder}/${file}`);
    note(`Next: k-bert plugin test ${folder}, then change it while k-bert plugin dev ${folder} runs`);
  },
});
