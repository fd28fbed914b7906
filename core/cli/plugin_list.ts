/**
 * `plugin list`: which plugins there are, where each is from, and whether it still is what was added.
 *
 * @module
 */
import { type ListedPlugin, listPlugins } from "../travel/overview.ts";
import { printable } from "../wall/printable.ts";
import { defineCommand } from "./command.ts";
import { type Style, styleOf } from "./style.ts";
import { PLACE_OPTIONS, placeOf } from "./travel.ts";

/** The command. */
export const pluginList = defineCommand({
  name: "plugin list",
  summary: "Lists the plugins of this project, of your home and of this machine",
  takes: "",
  count: [0, 0],
  options: {
    ...PLACE_OPTIONS,
    json: { kind: "flag", help: "a line of JSON for each plugin" },
  },
  details: `A plugin is
  locked   added, and what was added
  changed  added, and something else by now: it does not load
  missing  added, and not there; "plugin add" fetches it again
  own      not added, so it is yours
  broken   not loadable for another reason`,
  examples: [
    { line: "plugin list", does: "lists name, version, state, kinds and source" },
    { line: "plugin list --json", does: "has hashes, permissions and problems too" },
  ],
  async run(_args, options, io): Promise<void> {
    const isOne = options.place !== undefined || options.home !== undefined;
    const { plugins, report } = await listPlugins(isOne ? [placeOf(options)] : undefined);
    const style = styleOf(io.color);
    for (const plugin of plugins) {
      io.print(options.json ? JSON.stringify(plugin) : line(plugin, plugins, style));
    }
    for (const { problem } of plugins) if (problem !== undefined) io.note(problem);
    for (const { message } of report.problems) io.note(message);
    for (const { place, reason } of report.skipped) io.note(`Not looked into ${place}: ${reason}`);
    if (plugins.length === 0 && !options.json) {
      io.print("There are no plugins; plugin add and plugin new make some");
    }
  },
});

function line(plugin: ListedPlugin, all: readonly ListedPlugin[], style: Style): string {
  const { name, version, state, ports, from, folder } = plugin;
  const width = (of: (one: ListedPlugin) => string): number => Math.max(...all.map((one) => of(one).length));
  const mark = state === "changed" || state === "broken" || state === "missing" ? style.red : style.green;
  return [
    style.bold(name.padEnd(width((one) => one.name))),
    version.padEnd(width((one) => one.version)),
    mark(state.padEnd(width((one) => one.state))),
    ports.join(", ").padEnd(width((one) => one.ports.join(", "))),
    from ?? printable(folder),
  ].join("  ").trimEnd();
}
